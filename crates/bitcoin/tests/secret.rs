//! The secret key of an encrypted connection stays in memory only as long as it is used.

use testing::Masked;
use verack_bitcoin::v2::Keys;

#[test]
fn a_key_is_erased_once_nothing_uses_it() {
    const KEYS: usize = 1000;
    const KEY: Masked = Masked::new(b'b');
    let keys: Vec<_> = (0..KEYS).map(|_| Keys::new(KEY.secret(), [7; 32]).expect("less than the order")).collect();
    let encoded: Vec<_> = keys.iter().take(3).map(Keys::encode).collect();
    assert!(KEY.copies() >= KEYS);
    drop((keys, encoded));
    let copies = KEY.copies();
    assert!(copies <= 3, "{copies} copies are left");
}
