//! The password of a proxy stays in memory only as long as it is used.

use testing::Masked;
use verack_proxy::socks::{Client, Credentials, Destination, UserPassword};

#[test]
fn a_password_is_in_one_place_and_is_erased_once_nothing_uses_it() {
    const PASSWORD: Masked = Masked::new(b'p');
    let credentials = {
        let mut password = PASSWORD.secret();
        let made = Credentials::new(UserPassword { user: b"u", password: &password }).expect("it is short");
        password.fill(0);
        std::hint::black_box(password);
        made
    };
    let destination = Destination::name("seed.example", 1).expect("it is short");
    let clients: Vec<_> = (0..1000).map(|_| Client::plain(destination.clone(), Some(credentials.clone()))).collect();
    let copies = PASSWORD.copies();
    assert!((1..=3).contains(&copies), "{copies} copies");
    drop((clients, credentials));
    // What is left are arguments on the stack.
    let copies = PASSWORD.copies();
    assert!(copies <= 2, "{copies} copies are left");
}
