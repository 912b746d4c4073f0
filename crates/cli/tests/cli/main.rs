//! The program as its users see it.

mod common;
mod help;
mod listen;
mod readme;
mod shake;
