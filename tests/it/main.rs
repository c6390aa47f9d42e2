//! The integration tests, one binary: `world` runs the functions' libraries over a real table engine with a clock that
//! the tests move; `stack` runs the deployed functions on the local stack.

mod budget;
mod conversation;
mod faults;
mod world;
