use super::*;

fn trace(number: u64) -> TraceId {
    TraceId::new(number).unwrap()
}

#[test]
fn the_header_has_the_documented_fixed_size() {
    assert_eq!(size_of::<Header>(), 24);
    assert_eq!(size_of::<Message<u64>>(), 32);
}

#[test]
fn every_kind_comes_back_from_its_byte() {
    for kind in [Kind::Data, Kind::Control, Kind::Error] {
        assert_eq!(Header::new(kind).kind(), kind);
        assert!(format!("{:?}", Header::new(kind)).contains(&format!("{kind:?}")));
    }
}

#[test]
fn normalising_generates_what_neither_message_nor_parent_has() {
    let mut header = Header::default();
    let now = Timestamp::from_nanos(7);
    header.normalise(&Lineage::NONE, || now, || trace(42));
    assert_eq!(header.trace(), Some(trace(42)));
    assert_eq!(header.origin(), Some(now));
}

#[test]
fn normalising_inherits_from_the_parent() {
    let parent = Message::new(())
        .with_trace(trace(5))
        .with_origin(Timestamp::from_nanos(3))
        .header()
        .lineage();
    let mut header = Header::new(Kind::Error);
    header.normalise(&parent, || unreachable!(), || unreachable!());
    assert_eq!(header.trace(), Some(trace(5)));
    assert_eq!(header.origin(), Some(Timestamp::from_nanos(3)));
    assert_eq!(header.kind(), Kind::Error, "the kind is the message's own");
}

#[test]
fn normalising_keeps_what_the_message_has() {
    let parent = Message::new(()).with_trace(trace(5)).header().lineage();
    let mut header = *Message::new(())
        .with_trace(trace(6))
        .with_origin(Timestamp::EPOCH)
        .header();
    header.normalise(&parent, || unreachable!(), || unreachable!());
    assert_eq!(header.trace(), Some(trace(6)));
    assert_eq!(header.origin(), Some(Timestamp::EPOCH));
}

#[test]
fn a_header_is_complete_with_both_a_trace_and_an_origin() {
    let mut message = Message::new(1_u8);
    assert!(!message.header().is_complete());
    assert!(!message.with_trace(trace(2)).header().is_complete());
    let now = Timestamp::from_nanos(3);
    assert!(!message.with_origin(now).header().is_complete());
    message
        .header_mut()
        .normalise(&Lineage::NONE, || now, || trace(2));
    assert!(message.header().is_complete());
    assert_eq!(message.header().trace(), Some(trace(2)));
    *message.payload_mut() = 7;
    assert_eq!(*message.payload(), 7);
}

#[test]
fn parts_come_back_as_they_were() {
    let header = *Message::new(())
        .with_schema(9)
        .with_trace(trace(5))
        .header();
    let (back, payload) = Message::from_parts(header, 3_u8).into_parts();
    assert_eq!((back, payload), (header, 3));
    assert_eq!(Message::error(4_u8).header().kind(), Kind::Error);
    assert_eq!(Message::from(4_u8).into_payload(), 4);
    assert_eq!(trace(5).get(), 5);
}

#[test]
fn what_a_header_knows_its_lineage_hands_on() {
    let header = *Message::new(())
        .with_trace(trace(5))
        .with_origin(Timestamp::from_nanos(3))
        .header();
    let lineage = header.lineage();
    assert_eq!(lineage.trace(), Some(trace(5)));
    assert_eq!(lineage.origin(), Some(Timestamp::from_nanos(3)));
    assert_eq!(
        (Lineage::NONE.trace(), Lineage::NONE.origin()),
        (None, None)
    );
}

#[test]
fn age_counts_from_the_origin() {
    let header = *Message::new(())
        .with_origin(Timestamp::from_nanos(10))
        .header();
    assert_eq!(
        header.age(Timestamp::from_nanos(25)),
        Duration::from_nanos(15)
    );
    assert_eq!(
        Header::default().age(Timestamp::from_nanos(25)),
        Duration::ZERO
    );
}

#[test]
fn deriving_with_enriched_headers_keeps_the_rest() {
    let message = Message::control(1_u8).with_schema(2).with_trace(trace(3));
    let derived = message.with_kind(Kind::Error).map(|n| n + 1);
    assert_eq!(*derived, 2);
    assert_eq!(derived.header().kind(), Kind::Error);
    assert_eq!(derived.header().schema(), 2);
    assert_eq!(derived.header().trace(), Some(trace(3)));
}

#[test]
fn a_trace_id_is_shown_as_sixteen_hexadecimal_digits_and_never_zero() {
    assert_eq!(trace(0xBEEF).to_string(), "000000000000beef");
    assert_eq!(TraceId::new(0), None);
}
