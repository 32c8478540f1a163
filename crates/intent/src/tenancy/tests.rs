//! Admission and the scope guard.

mod admission;
mod scope;
