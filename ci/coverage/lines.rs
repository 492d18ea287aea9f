//! Which lines were executed: what an lcov report says of the library's files,
//! without tests and without what is excluded.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::Path;

/// How often each line was executed, by its number.
pub(crate) type Lines = BTreeMap<usize, u64>;

/// The list of files and folders that do not count, with reasons.
#[derive(Debug)]
pub(crate) struct Exclusions(Vec<(String, String)>);

impl Exclusions {
    /// Reads lines of `PATH  REASON`; `#` begins a comment. A path that is not
    /// below `root` any more, and one without a reason, is an error.
    pub(crate) fn parse(text: &str, root: &Path) -> Result<Self, String> {
        let lines = text.lines().map(str::trim);
        let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &str| {
            let (path, reason) = line
                .split_once("  ")
                .ok_or_else(|| format!("two spaces and a reason are missing: {line}"))?;
            if !root.join(path).exists() {
                return Err(format!("{path} is excluded, but not there"));
            }
            Ok((path.to_owned(), reason.trim().to_owned()))
        };
        entries.map(entry).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let Self(entries) = self;
        let entries = entries.iter();
        entries.map(|(path, reason)| (path.as_str(), reason.as_str()))
    }

    /// A path that ends with `/` is a folder.
    fn has(&self, file: &str) -> bool {
        self.entries()
            .any(|(path, _)| match path.strip_suffix('/') {
                Some(_) => file.starts_with(path),
                None => file == path,
            })
    }
}

/// The lines that count of each file in `src/`, by its path below `root`. `source`
/// reads a file, to find where its tests begin.
pub(crate) fn covered_files(
    report: &str,
    root: &Path,
    exclusions: &Exclusions,
    source: impl Fn(&str) -> io::Result<String>,
) -> Result<BTreeMap<String, Lines>, Box<dyn Error>> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    // The lines of the file whose section this is, if it counts, and how many
    // of its lines do.
    let mut current: Option<(&mut Lines, usize)> = None;
    for line in report.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let below = Path::new(path).strip_prefix(root).ok();
            let below = below.and_then(Path::to_str);
            current = match below {
                Some(file) if counts(file, exclusions) => {
                    let end = tests_begin(&source(file)?);
                    Some((files.entry(file.to_owned()).or_default(), end))
                }
                _ => None,
            };
        } else if let (Some(data), Some((lines, end))) = (line.strip_prefix("DA:"), &mut current) {
            let mut numbers = data.split(',').map(str::parse::<u64>);
            let (Some(Ok(number)), Some(Ok(count))) = (numbers.next(), numbers.next()) else {
                return Err(format!("not a line of lcov: {line}").into());
            };
            if (number as usize) < *end {
                *lines.entry(number as usize).or_default() += count;
            }
        }
    }
    files.retain(|_, lines| !lines.is_empty());
    Ok(files)
}

/// The library's own code: no tests in files of their own.
fn counts(file: &str, exclusions: &Exclusions) -> bool {
    let is_test = file.ends_with("/tests.rs") || file.contains("/tests/");
    file.starts_with("src/") && !is_test && !exclusions.has(file)
}

/// The number of the line at which the tests within this source begin: a module
/// under a `cfg` that names `test`, which stands last. One beyond the last line
/// when there is none.
fn tests_begin(source: &str) -> usize {
    let lines: Vec<&str> = source.lines().collect();
    let is_cfg = |line: &str| line.starts_with("#[cfg(") && line.contains("test");
    let begins = |&at: &usize| {
        let mut rest = lines[at..].iter().skip_while(|line| line.starts_with("#["));
        let module = rest.next();
        is_cfg(lines[at])
            && module.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    (0..lines.len()).find(begins).unwrap_or(lines.len()) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "fn one() {}\n\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn two() {}\n}\n";

    fn files(report: &str, excluded: &[&str]) -> BTreeMap<String, Lines> {
        let entry = |path: &&str| ((*path).to_owned(), "why".to_owned());
        let exclusions = Exclusions(excluded.iter().map(entry).collect());
        let source = |_: &str| Ok(SOURCE.to_owned());
        covered_files(report, Path::new("/checkout"), &exclusions, source).expect("a report")
    }

    #[test]
    fn lines_of_a_file_are_added_up_until_its_tests_begin() {
        let report = "SF:/checkout/src/a.rs\nDA:1,2\nDA:2,0\nDA:6,7\nend_of_record\n\
                      SF:/checkout/src/a.rs\nDA:1,3\nend_of_record\n";
        let found = files(report, &[]);
        assert_eq!(found["src/a.rs"], BTreeMap::from([(1, 5), (2, 0)]));
    }

    #[test]
    fn tests_examples_other_crates_and_what_is_excluded_do_not_count() {
        let section = |path: &str| format!("SF:{path}\nDA:1,1\nend_of_record\n");
        let report: String = [
            "/checkout/src/a/b.rs",
            "/checkout/src/a/tests.rs",
            "/checkout/src/a/tests/b.rs",
            "/checkout/src/out/b.rs",
            "/checkout/src/out.rs",
            "/checkout/tests/b.rs",
            "/checkout/examples/b.rs",
            "/elsewhere/src/b.rs",
        ]
        .map(section)
        .concat();
        let found = files(&report, &["src/out/", "src/ou"]);
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            ["src/a/b.rs", "src/out.rs"]
        );
    }

    #[test]
    fn tests_begin_at_a_module_under_a_cfg_that_names_them() {
        assert_eq!(tests_begin(SOURCE), 3);
        assert_eq!(tests_begin("fn a() {}\n"), 2);
        assert_eq!(
            tests_begin("#[cfg(test)]\nmod tests;\nfn a() {}\n"),
            4,
            "they are in another file"
        );
        assert_eq!(
            tests_begin("#[cfg(all(test, not(x)))]\nmod tests {\n}\n"),
            1
        );
        assert_eq!(tests_begin("#[cfg(test)]\nfn a() {}\n"), 3);
    }

    #[test]
    fn a_damaged_report_is_an_error() {
        let none = Exclusions(Vec::new());
        let source = |_: &str| Ok(SOURCE.to_owned());
        let root = Path::new("/checkout");
        assert!(covered_files("SF:/checkout/src/a.rs\nDA:1,x\n", root, &none, source).is_err());
    }

    #[test]
    fn an_exclusion_has_a_reason_and_names_what_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let parse = |text: &str| Exclusions::parse(text, root);
        let parsed = parse("# comment\n\nsrc/lib.rs  because\n").expect("a list");
        let entries: Vec<_> = parsed.entries().collect();
        assert_eq!(entries, [("src/lib.rs", "because")]);
        assert!(parse("src/lib.rs\n").unwrap_err().contains("reason"));
        let error = parse("src/none.rs  because\n").unwrap_err();
        assert!(error.contains("not there"), "{error}");
    }
}
