//! The gate, the workflows and what is written about them agree: no script is
//! forgotten, none is named that is not there.

use std::collections::BTreeSet;
use std::fs;

use super::{code, root};

fn read(path: &str) -> String {
    super::read(&root().join(path))
}

/// The scripts in ci/ that are jobs, without `.sh`.
fn scripts() -> BTreeSet<String> {
    let names = fs::read_dir(root().join("ci")).expect("the folder of the scripts");
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".sh").map(str::to_owned))
        .filter(|name| name != "lib")
        .collect()
}

/// The jobs that `.ci/run` runs.
fn gate() -> BTreeSet<String> {
    let text = read(".ci/run");
    let (_, jobs) = text.split_once("\njobs=(").expect("the list of jobs");
    let (jobs, _) = jobs.split_once(')').expect("its end");
    jobs.split_whitespace().map(str::to_owned).collect()
}

/// A job of a workflow: its file and name, and what its steps run.
struct Job {
    name: String,
    commands: Vec<String>,
}

/// The jobs of all workflows. Their commands are one line each, as
/// [`each_job_of_a_workflow_runs_one_script`] demands.
fn workflow_jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for file in ["ci.yml", "nightly.yml"] {
        let text = read(&format!(".github/workflows/{file}"));
        let (_, text) = text.split_once("\njobs:\n").expect("jobs");
        for line in text.lines() {
            let depth = line.len() - line.trim_start().len();
            let line = line.trim_start().trim_start_matches("- ");
            if depth == 2 && !line.starts_with('#') {
                let name = format!("{file}: {}", line.trim_end_matches(':'));
                let commands = Vec::new();
                jobs.push(Job { name, commands });
            } else if let Some(command) = line.strip_prefix("run: ") {
                let job = jobs.last_mut().expect("a job before its steps");
                job.commands.push(command.to_owned());
            }
        }
    }
    assert!(jobs.len() > 10, "the jobs were not found");
    jobs
}

/// The job that a command runs, if it is a script of the gate.
fn script_of(command: &str) -> Option<&str> {
    let script = command.split_whitespace().next()?;
    script.strip_prefix("ci/")?.strip_suffix(".sh")
}

#[test]
fn every_job_of_the_gate_is_a_script() {
    let missing: Vec<_> = gate().difference(&scripts()).cloned().collect();
    assert!(missing.is_empty(), "not in ci/: {missing:?}");
}

#[test]
fn each_job_of_a_workflow_runs_one_script() {
    let scripts = scripts();
    for job in workflow_jobs() {
        let (ours, others): (Vec<_>, Vec<_>) = job
            .commands
            .iter()
            .partition(|command| script_of(command).is_some());
        assert_eq!(ours.len(), 1, "{} runs {:?}", job.name, job.commands);
        let script = script_of(ours[0]).unwrap();
        assert!(scripts.contains(script), "{}: {script}", job.name);
        // What else a job does is to install what the distribution has.
        let installs = |command: &&String| command.starts_with("sudo apt-get ");
        assert!(others.iter().all(installs), "{}: {others:?}", job.name);
    }
}

#[test]
fn every_script_is_run_by_a_workflow_and_explained() {
    let jobs = workflow_jobs();
    let commands = jobs.iter().flat_map(|job| &job.commands);
    let run: BTreeSet<_> = commands
        .filter_map(|command| script_of(command))
        .map(str::to_owned)
        .collect();
    let scripts = scripts();
    let forgotten: Vec<_> = scripts.difference(&run).collect();
    assert!(
        forgotten.is_empty(),
        "no workflow in .github runs {forgotten:?}"
    );

    let document = read("docs/ci.md");
    let explained = |script: &&String| document.contains(&format!("`ci/{script}.sh`"));
    let silent: Vec<_> = scripts.iter().filter(|script| !explained(script)).collect();
    assert!(silent.is_empty(), "docs/ci.md does not name {silent:?}");
}

#[cfg(unix)]
#[test]
fn every_script_can_be_executed() {
    use std::os::unix::fs::PermissionsExt;

    let paths = scripts().into_iter().map(|name| format!("ci/{name}.sh"));
    for path in paths.chain([".ci/run".to_owned()]) {
        let mode = fs::metadata(root().join(&path))
            .unwrap()
            .permissions()
            .mode();
        assert_ne!(mode & 0o111, 0, "{path} is not executable");
    }
}

/// `cargo test` by hand runs what is in quarantine like everything else; that the list
/// is well-formed and up to date is seen here too, without its mechanism.
#[test]
fn every_test_in_quarantine_exists_and_has_an_issue() {
    let list = read("ci/quarantine/list");
    let code = code(&["src", "tests", "examples", "loom-tests", "ci"]);
    for entry in list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut words = entry.split_whitespace();
        let test = words.next().unwrap().rsplit("::").next().unwrap();
        assert!(
            code.contains(&format!("fn {test}(")),
            "no such test: {entry}"
        );
        let number = words.next().and_then(|word| word.strip_prefix('#'));
        let has_issue = number.is_some_and(|number| number.parse::<u32>().is_ok());
        assert!(has_issue, "no issue: {entry}");
        assert!(words.next().is_some(), "no reason: {entry}");
    }
}
