//! What a node declares, as the graph sees it, and how edges get into its
//! fields and out of them.

use core::any::TypeId;

use super::spec::ErasedPolicy;
use super::*;
use crate::edge::{EdgeError, Merge, PolicyKind, memory_for};
use crate::message::Message;
use crate::util::Name;

#[allow(clippy::ptr_arg)] // a validator of `String`s
fn short(text: &String) -> Result<(), &'static str> {
    if text.len() < 8 {
        Ok(())
    } else {
        Err("too long")
    }
}

const DEFAULT: PortDefault = PortDefault {
    policy: PolicyKind::Latest,
    capacity: 3,
};

#[derive(Default)]
struct Everything {
    plain: Input<u64>,
    chosen: Input<String>,
    few: Output<u64>,
    many: Output<String>,
}

impl Node for Everything {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("plain", &mut self.plain);
        ports
            .input("chosen", &mut self.chosen)
            .optional()
            .passive()
            .uncredited()
            .default(DEFAULT)
            .validator(short);
        ports.output("few", &mut self.few);
        ports.output("many", &mut self.many).optional().fan_out(7);
        ports.tick(Tick::Global);
    }
}

/// A node that declares nothing.
struct Nothing;

impl Node for Nothing {
    fn ports(&mut self, _: &mut Ports<'_>) {}
}

fn table() -> PortTable {
    PortTable::of(&mut Everything::default())
}

#[test]
fn a_port_that_says_nothing_is_required_credited_active_and_has_a_fan_out_of_one() {
    let table = table();
    let (input, output) = (&table.inputs[0], &table.outputs[0]);
    for (port, direction, name) in [
        (input, Direction::Input, "plain"),
        (output, Direction::Output, "few"),
    ] {
        assert_eq!(port.direction(), direction);
        assert_eq!(port.name().as_str(), name);
        assert_eq!(
            (port.type_name(), port.type_id),
            ("u64", TypeId::of::<u64>())
        );
        assert_eq!((port.is_optional(), port.fan_out()), (false, 1));
        assert!(port.credited && !port.passive);
        assert!(port.default().is_none() && port.validator.is_none());
        assert_eq!(port.dead_letters_of, None);
    }
    assert_eq!(
        format!("{input:?}, {output:?}"),
        "input plain: u64, output few: u64"
    );
}

#[test]
fn what_a_port_chooses_is_in_its_description() {
    let table = table();
    assert_eq!(table.tick, Tick::Global);
    assert!(table.errors.is_empty());
    let (chosen, many) = (&table.inputs[1], &table.outputs[1]);
    assert!(chosen.is_optional() && chosen.passive && !chosen.credited);
    assert_eq!(chosen.default(), Some(DEFAULT));
    let validator = chosen.validator.as_ref().unwrap();
    let validator = validator.downcast_ref::<Validator<String>>().unwrap();
    assert_eq!(validator(&"long enough".into()), Err("too long"));
    assert_eq!((many.is_optional(), many.fan_out()), (true, 7));
}

#[test]
fn who_faces_a_port_has_its_type_and_none_of_its_choices() {
    let table = table();
    for port in table.inputs.iter().chain(&table.outputs) {
        let facing = port.facing();
        assert_ne!(facing.direction(), port.direction());
        assert_eq!((facing.name(), facing.type_id), (port.name(), port.type_id));
        assert_eq!((facing.is_optional(), facing.fan_out()), (false, 1));
        assert!(facing.credited && !facing.passive);
        assert!(facing.default().is_none() && facing.validator.is_none());
    }
    let grave = table.inputs[1].for_dead_letters(1, Name::new("grave").unwrap());
    assert_eq!(grave.direction(), Direction::Output);
    assert_eq!(
        (grave.name().as_str(), grave.type_id),
        ("grave", TypeId::of::<String>())
    );
    assert_eq!(
        (grave.is_optional(), grave.dead_letters_of),
        (true, Some(1))
    );
}

#[test]
fn an_edge_needs_the_memory_that_its_port_tells_and_one_that_cannot_be_none() {
    let port = &table().outputs[1];
    for policy in [PolicyKind::Block, PolicyKind::Latest] {
        let expected = memory_for::<Message<String>>(policy, 8).unwrap();
        assert_eq!((port.edge_footprint)(8, policy), expected);
        assert!(expected > 8 * size_of::<Message<String>>());
        assert_eq!((port.edge_footprint)(0, policy), 0);
    }
}

#[test]
fn a_merge_function_for_another_payload_makes_no_edge() {
    let port = &table().outputs[0];
    let foreign: Merge<Message<String>> = Merge::new(|_: &mut _, _| ());
    let policy = ErasedPolicy::Coalesce(Box::new(foreign));
    let made = (port.make_edge)(4, 4, policy, None, None);
    assert!(matches!(made, Err(EdgeError::ForeignMerge)));
    let own: Merge<Message<u64>> = Merge::new(|_: &mut _, _| ());
    let policy = ErasedPolicy::Coalesce(Box::new(own));
    assert!((port.make_edge)(4, 4, policy, None, None).is_ok());
}

/// Both ends of a new Block edge at this port, erased.
fn edge(port: &PortSpec) -> EdgeParts {
    let made = (port.make_edge)(4, 4, ErasedPolicy::Block, None, None);
    made.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn ends_go_into_the_fields_of_their_ports_and_out_again() {
    let (mut node, table) = (Everything::default(), table());
    let mut ends = Endpoints::for_table(&table);
    assert_eq!((ends.inputs.len(), ends.outputs.len()), (2, 2));
    ends.inputs[1] = Some(edge(&table.inputs[1]).consumer);
    ends.outputs[0] = Some(edge(&table.outputs[0]).producer);
    node.ports(&mut Ports::attach(&mut ends));
    assert!(ends.is_empty(), "each has found its port");
    assert!(node.plain.consumer.is_none() && node.chosen.consumer.is_some());
    assert!(node.few.end.is_some() && node.many.end.is_none());

    let mut ends = Endpoints::default();
    node.ports(&mut Ports::detach(&mut ends));
    assert!(node.chosen.consumer.is_none() && node.few.end.is_none());
    assert!(ends.inputs[1].is_some() && ends.outputs[0].is_some());
}

#[test]
fn an_end_of_another_type_stays_outside() {
    let (mut node, table) = (Everything::default(), table());
    let mut ends = Endpoints::for_table(&table);
    // Made for `chosen`, which carries another type.
    ends.inputs[0] = Some(edge(&table.inputs[1]).consumer);
    ends.outputs[1] = Some(edge(&table.outputs[0]).producer);
    node.ports(&mut Ports::attach(&mut ends));
    assert!(!ends.is_empty());
    assert!(node.plain.consumer.is_none() && node.many.end.is_none());
}

#[test]
fn ports_are_the_same_when_names_and_types_are() {
    let (one, other) = (table(), table());
    assert!(one.has_same_ports(&other));
    let mut with_grave = table();
    let grave = one.inputs[0].for_dead_letters(0, Name::new("grave").unwrap());
    with_grave.outputs.push(grave);
    assert!(one.has_same_ports(&with_grave), "it is the graph's");
    let nothing = PortTable::of(&mut Nothing);
    assert!(!one.has_same_ports(&nothing) && !nothing.has_same_ports(&one));
    let mut retyped = table();
    retyped.inputs[0].type_id = TypeId::of::<u32>();
    assert!(!one.has_same_ports(&retyped));
    let mut renamed = table();
    renamed.outputs[1].name = Name::new("more").unwrap();
    assert!(!one.has_same_ports(&renamed));
}
