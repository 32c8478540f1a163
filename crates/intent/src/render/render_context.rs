//! What the callbacks of one rendering share, kept for the thread that renders.
//!
//! Both engines call back into naas (to print a value, to apply a filter), and Tera's escape
//! function is a bare `fn`; what such a call must know about the rendering it belongs to stands
//! here.

use std::cell::RefCell;

use secrecy::SecretString;

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
    /// A rendering for the device of this name. Salts derive from `salt_key`; `raw_lines` are texts
    /// that are configuration lines by definition.
    pub(super) fn new(host: &str, salt_key: Option<SecretString>, raw_lines: Vec<String>) -> Self {
        Self { host: host.to_owned(), salt_key, raw_lines, ..Self::default() }
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
