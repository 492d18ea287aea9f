//! A readiness report for people.

use core::fmt;

use super::{Check, Finding, Readiness, Severity};

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Note => "note",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line, and for what is not good two more: what it means, and what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8} {}: {}", self.severity, self.check, self.found)?;
        if matches!(self.severity, Severity::Note | Severity::Warning) {
            write!(f, "\n           {}", self.meaning)?;
        }
        match self.advice {
            Some(advice) => write!(f, "\n           -> {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BY_WEIGHT: [Severity; 4] = [
            Severity::Warning,
            Severity::Note,
            Severity::Unknown,
            Severity::Good,
        ];
        write!(f, "ready for real time?")?;
        for severity in BY_WEIGHT {
            write!(f, " {severity}: {}.", self.count(severity))?;
        }
        writeln!(f, "\n")?;
        for severity in BY_WEIGHT {
            let findings = self.findings.iter();
            for finding in findings.filter(|finding| finding.severity == severity) {
                writeln!(f, "{finding}")?;
            }
        }
        Ok(())
    }
}
