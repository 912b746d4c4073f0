//! The password of a proxy stays in memory only as long as it is used.

use testing::Masked;
use verack_proxy::socks::{Client, Credentials, Destination, MAX_WORD, UserPassword};

/// Credentials with this secret in the middle of their password: what an allocator writes into memory that is free again
/// is at its start.
fn credentials(secret: &Masked) -> Credentials {
    let mut password = [7; MAX_WORD];
    password[100..132].copy_from_slice(&secret.secret());
    let made = Credentials::new(UserPassword { user: b"u", password: &password }).expect("it is short enough");
    password.fill(0);
    std::hint::black_box(password);
    made
}

#[test]
fn a_thousand_connections_share_one_copy_of_the_password() {
    const PASSWORD: Masked = Masked::new(b'p');
    let credentials = credentials(&PASSWORD);
    let destination = Destination::name("seed.example", 1).expect("it is short");
    let clients: Vec<_> = (0..1000).map(|_| Client::plain(destination.clone(), Some(credentials.clone()))).collect();
    // One is on the stack of this test.
    let copies = PASSWORD.copies();
    assert!((1..=3).contains(&copies), "{copies} copies");
    drop(clients);
}

#[test]
fn a_password_is_erased_once_nothing_uses_it() {
    const PASSWORDS: usize = 1000;
    const PASSWORD: Masked = Masked::new(b'P');
    let kept: Vec<_> = (0..PASSWORDS).map(|_| credentials(&PASSWORD)).collect();
    assert!(PASSWORD.copies() >= PASSWORDS);
    drop(kept);
    let copies = PASSWORD.copies();
    assert!(copies <= 3, "{copies} copies are left");
}
