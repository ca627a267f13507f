
pub mod read;
