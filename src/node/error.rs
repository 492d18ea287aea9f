//! What a hook returns.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

use super::output::{SendError, SendFailure};

/// What every hook of a [`Node`](super::Node) returns.
pub type NodeResult = Result<(), NodeError>;

/// Why a hook failed.
///
/// Made from any error by `?`, from a text by [`NodeError::new`], and from a
/// refused send by `?` (the message is then dropped with the error; match on
/// the [`SendError`] to keep it).
///
/// Like other catch-all error types it does not implement
/// [`std::error::Error`] itself, because then it could not be made from every
/// type that does.
///
/// # Real-time
/// Made from a text or a refused send, it does not allocate. Made from
/// another error, it boxes that error.
///
/// ```
/// use tidegate::node::{NodeError, NodeResult};
///
/// fn check(text: &str) -> NodeResult {
///     let number: u32 = text.parse()?;
///     if number == 0 {
///         return Err(NodeError::new("there is nothing to do"));
///     }
///     Ok(())
/// }
///
/// assert_eq!(check("0").unwrap_err().to_string(), "there is nothing to do");
/// assert!(check("many").is_err());
/// ```
pub struct NodeError(Cause);

enum Cause {
    Text(&'static str),
    Send(SendFailure),
    Other(Box<dyn Error + Send + Sync>),
}

impl NodeError {
    /// An error that is described by `text`.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(Cause::Text(text))
    }

    /// Why a send was refused, when that is the cause.
    #[must_use]
    pub const fn send_failure(&self) -> Option<SendFailure> {
        match self.0 {
            Cause::Send(failure) => Some(failure),
            _ => None,
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for NodeError {
    fn from(error: E) -> Self {
        Self(Cause::Other(Box::new(error)))
    }
}

impl<T> From<SendError<T>> for NodeError {
    fn from(error: SendError<T>) -> Self {
        Self(Cause::Send(error.failure))
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Text(text) => f.write_str(text),
            Cause::Send(failure) => write!(f, "a send was refused: {failure}"),
            Cause::Other(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Debug for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeError({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_becomes_a_node_error_by_the_question_mark() {
        fn hook() -> NodeResult {
            let _: u8 = "many".parse()?;
            Ok(())
        }
        assert_eq!(
            hook().unwrap_err().to_string(),
            "invalid digit found in string"
        );
    }

    #[test]
    fn a_refused_send_keeps_its_reason() {
        fn hook() -> NodeResult {
            Err(SendError {
                failure: SendFailure::Full,
                message: crate::Message::new(1),
            })?;
            Ok(())
        }
        let error = hook().unwrap_err();
        assert_eq!(error.send_failure(), Some(SendFailure::Full));
        assert!(error.to_string().contains("full"));
    }
}
