//! Admission, rendering and the scope guard.

mod admission;
mod rendering;
mod scope;
