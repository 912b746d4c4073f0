//! The symmetric half of the Noise protocol framework (revision 34), with ChaChaPoly and SHA256.
//!
//! ```text
//!                    mix_hash, mix_key             split
//!  protocol name ──▶ SymmetricState ─────────────────────▶ two CipherStates
//!                    encrypt_and_hash, decrypt_and_hash
//! ```
//!
//! A protocol writes its own message patterns and brings its own Diffie-Hellman function; this crate has the common
//! rest. Lightning's XK over secp256k1 and libp2p's XX over 25519 need about a page of code each.
//!
//! Keys print nothing and are erased when dropped; tags are compared in constant time.
#![no_std]
extern crate alloc;

mod cipher;
mod key;
mod symmetric;

pub use cipher::{CipherState, Forged, TAG_LEN};
pub use key::{Key, hkdf};
pub use symmetric::SymmetricState;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
