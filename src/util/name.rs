//! Names of nodes, ports and subgraphs: short, checked, on no heap.

use alloc::string::String;
use core::fmt;

/// The longest name of one node, port or subgraph, in bytes of UTF-8.
pub const MAX_NAME: usize = 48;

/// A checked name of one node, port or subgraph, stored inline.
///
/// Not empty, at most [`MAX_NAME`] bytes, and free of what the path and edge
/// id syntax uses (`:`, `/`, `>`), of white space and of control characters.
///
/// ```
/// use tidegate::Name;
///
/// let name = Name::new("sampler")?;
/// assert_eq!(name.as_str(), "sampler");
/// assert!(Name::new("two words").is_err());
/// # Ok::<(), tidegate::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(heapless::String<MAX_NAME>);

impl Name {
    /// Checks `text` and stores a copy of it inline.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with `text`, and repeats it.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let refuse = |problem| {
            Err(NameError {
                text: text.into(),
                problem,
            })
        };
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text
            .chars()
            .any(|c| matches!(c, ':' | '/' | '>') || c.is_whitespace() || c.is_control())
        {
            return refuse("it contains ':', '/', '>', white space or a control character");
        }
        match heapless::String::try_from(text) {
            Ok(stored) => Ok(Self(stored)),
            Err(_) => refuse("it is longer than 48 bytes"),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A name that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be a name: {problem}; choose another")]
pub struct NameError {
    text: String,
    problem: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_up_to_the_limit_and_refuses_longer_ones() {
        assert!(Name::new(&"x".repeat(MAX_NAME)).is_ok());
        let error = Name::new(&"x".repeat(MAX_NAME + 1)).unwrap_err();
        assert!(error.to_string().contains("longer than 48 bytes"));
    }

    #[test]
    fn refuses_what_the_path_syntax_uses() {
        for bad in ["", "a:b", "a/b", "a->b", "a b", "a\tb", "a\u{7}"] {
            let error = Name::new(bad).unwrap_err();
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
    }
}
