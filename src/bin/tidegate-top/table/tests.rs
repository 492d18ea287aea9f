use crate::options::Sort;
use crate::samples::{INTO_SINK, fill, with};
use crate::tables::{self, Choice};

fn choice() -> Choice {
    Choice {
        filter: String::new(),
        sort: Sort::Trouble,
    }
}

#[test]
fn lines_are_never_wider_than_asked_for() {
    let view = with(|view| {
        fill(view, INTO_SINK);
        view.nodes[0].path = format!("{}/source", "long".repeat(30));
    });
    let all = [
        tables::nodes(&view, &choice()),
        tables::edges(&view, &choice()),
        tables::workers(&view),
        tables::ledger(&view, &choice()),
        tables::graph(&view, &choice()),
    ];
    for table in &all {
        for width in [0, 1, 7, 20, 40, 80, 120, 300] {
            let lines = table.lines("TITLE", width);
            let rows = lines.rows.iter().map(|(row, _)| row);
            for line in rows.chain([&lines.head]) {
                assert!(line.chars().count() <= width, "{width}: {line:?}");
            }
        }
    }
}

#[test]
fn a_narrow_table_keeps_names_and_what_matters_most() {
    let table = tables::edges(&with(|_| {}), &choice());
    let wide = table.lines("EDGES 2", 200).head;
    let narrow = table.lines("EDGES 2", 80).head;
    for head in ["high", "merged/s", "band"] {
        assert!(wide.contains(head) && !narrow.contains(head), "{narrow}");
    }
    for head in ["policy", "depth", "sent/s", "lost/s", "age p99"] {
        assert!(narrow.contains(head), "{narrow}");
    }
    let (row, _) = &table.lines("EDGES 2", 80).rows[0];
    assert!(row.starts_with("source:out->relay:in "), "{row}");
}

#[test]
fn columns_of_what_is_not_measured_are_left_out() {
    let view = with(|view| {
        for node in &mut view.nodes {
            (node.load, node.execution) = (None, None);
        }
    });
    let head = tables::nodes(&view, &choice()).lines("NODES 3", 200).head;
    assert!(!head.contains("p99") && !head.contains("load"), "{head}");
    assert!(head.contains("faults"), "{head}");
}

#[test]
fn the_title_says_which_rows_of_how_many() {
    let view = with(|_| {});
    let mut choice = choice();
    let all = tables::nodes(&view, &choice);
    assert_eq!(all.title(0, 3), "NODES 3");
    assert_eq!(all.title(1, 2), "NODES 2-2/3");
    choice.filter = "re".into();
    let some = tables::nodes(&view, &choice);
    assert_eq!(some.title(0, 1), "NODES 1 of 3");
}

#[test]
fn each_order_puts_its_own_first() {
    let view = with(|view| {
        view.nodes[1].messages_rate = 5_000.0;
        view.nodes[2].errors = 3;
        view.nodes[0].execution = crate::samples::spread(9_000);
        fill(view, INTO_SINK);
    });
    for (sort, first) in [
        (Sort::Flow, "source"),
        (Sort::Rate, "relay"),
        (Sort::Time, "source"),
        (Sort::Loss, "sink"),
        (Sort::Trouble, "sink"),
    ] {
        let choice = Choice { sort, ..choice() };
        let lines = tables::nodes(&view, &choice).lines("", 200);
        assert!(lines.rows[0].0.starts_with(first), "{sort:?}");
    }
}

#[test]
fn the_ledger_ends_with_the_sum_of_what_is_shown() {
    let view = with(|_| {});
    let lines = tables::ledger(&view, &choice()).lines("LEDGER", 200);
    let words: Vec<&str> = lines.rows[2].0.split_whitespace().collect();
    assert_eq!(words[..4], ["together", "24002", "=", "24000"]);
    assert!(lines.head.contains("(expired)") && lines.head.contains("(dead)"));
    let nodes = tables::nodes(&view, &choice()).lines("NODES", 200);
    assert!(nodes.head.contains("overruns"), "{}", nodes.head);
}

#[test]
fn a_row_of_the_graph_names_port_and_target() {
    let view = with(|_| {});
    let lines = tables::graph(&view, &choice()).lines("GRAPH", 200);
    let names: Vec<&str> = lines
        .rows
        .iter()
        .map(|(row, _)| row[..20].trim_end())
        .collect();
    assert_eq!(
        names,
        [
            "source",
            "  out -> relay:in",
            "relay",
            "  out -> sink:in",
            "sink"
        ]
    );
}

#[test]
fn a_ledger_is_whole_on_a_small_screen() {
    let view = with(|_| {});
    let head = tables::ledger(&view, &choice()).lines("LEDGER", 80).head;
    for part in [
        "sent",
        "delivered",
        "dropped",
        "evicted",
        "merged",
        "pending",
        "discard",
    ] {
        assert!(head.contains(part), "{head}");
    }
}
