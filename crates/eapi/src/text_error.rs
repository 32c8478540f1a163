//! What can be wrong with configuration text before any of it is sent.

/// Configuration text that must not be sent, and the line that says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct TextError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with the line.
    pub fault: TextFault,
}

/// What is wrong with a line of configuration text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// A multi-line command without its final `EOF` would swallow the rest of the configuration.
    #[error("`{command}` begins a body that no line `EOF` ends")]
    MissingEof {
        /// The command that begins the body.
        command: String,
    },
    /// A line `EOF` that ends nothing: one too many, or the body of a command this crate does not
    /// know.
    #[error("`EOF` without a multi-line command that it would end")]
    StrayEof,
    /// A command that acts on the switch while the candidate is loaded, or on its session.
    #[error("`{command}` is not configuration: {reason}; take it out")]
    NotConfiguration {
        /// The first word of the line, or the first two after `no` and `default`.
        command: String,
        /// What the command would do, as half a sentence.
        reason: &'static str,
    },
    /// A line after `end`. EOS leaves the session at `end`, so the line would run outside of it.
    #[error("`{command}` stands after the `end` of line {end}, where the configuration is over")]
    AfterEnd {
        /// The first word of the line.
        command: String,
        /// The number of the line with `end`, from 1.
        end: usize,
    },
    /// A byte that is not part of UTF-8 text. EOS takes ASCII.
    #[error("byte 0x{byte:02X} at byte {column} of the line is not UTF-8 text")]
    NotUtf8 {
        /// The value of the byte.
        byte: u8,
        /// Its place in the line in bytes, from 1.
        column: usize,
    },
    /// A control character other than tab.
    #[error("control character U+{code:04X} at column {column}")]
    ControlCharacter {
        /// The Unicode number of the character.
        code: u32,
        /// Its place in the line in characters, from 1.
        column: usize,
    },
    /// A text without a single command.
    #[error("no configuration here, only blank lines and comments")]
    Empty,
}
