//! The bus crate through its public surface.

mod bench;
mod hub;
