//! The rendering that this thread is at.
//!
//! Both engines call back into naas (to print a value, to apply a filter), and Tera's escape function is a bare `fn`; what such a
//! call must know about the rendering it belongs to stands here.

use std::cell::RefCell;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::filters;

/// What the callbacks of one rendering share.
#[derive(Debug, Clone, Default)]
pub(super) struct RenderContext {
    /// The device's name; salts derive from it.
    pub(super) host: String,
    /// The site's secret that salts derive from; never shown.
    pub(super) salt_key: Option<SecretString>,
    /// Whether printed values are marked, see [`super::value_guard`].
    pub(super) marking: bool,
    /// Texts that are configuration lines by definition, see [`super::value_guard::raw_lines`].
    pub(super) raw_lines: Vec<String>,
    /// A value of several lines was printed.
    pub(super) several_lines: bool,
    /// Loop rounds so far; Tera counts nothing itself.
    pub(super) rounds: u64,
}

thread_local! {
    static CURRENT: RefCell<RenderContext> = RefCell::default();
}

impl RenderContext {
    /// A rendering for the device that a template sees as `host`, with the model's data.
    pub(super) fn new(host: &Map<String, Value>, data: &Map<String, Value>) -> Self {
        let name = host.get("name").and_then(Value::as_str).unwrap_or_default();
        let salt_key = host.get("data").and_then(|data| data.get(filters::SALT_KEY)).and_then(Value::as_str);
        let salt_key = salt_key.map(SecretString::from);
        Self {
            host: name.to_owned(),
            salt_key,
            raw_lines: super::value_guard::raw_lines([host, data]),
            ..Self::default()
        }
    }

    /// Renders with `self` as the current rendering, and returns what has become of it.
    pub(super) fn during<T>(self, render: impl FnOnce() -> T) -> (T, Self) {
        let before = CURRENT.replace(self);
        let rendered = render();
        (rendered, CURRENT.replace(before))
    }
}

/// Asks or changes the rendering at hand.
pub(super) fn render_context<T>(ask: impl FnOnce(&mut RenderContext) -> T) -> T {
    CURRENT.with_borrow_mut(ask)
}
