//! The frame around a reading: sixteen bytes of header, then JSON.

use super::error::ReadError;
use super::reading::Reading;

/// The version of the frame and of the JSON in it. It changes with every
/// change of [`Reading`] that an older reader does not understand.
pub const PROTOCOL_VERSION: u32 = 3;

/// The most bytes of JSON in a frame: room for tens of thousands of nodes.
pub const MAX_PAYLOAD: usize = 32 << 20;

pub(super) const HEADER: usize = 16;
const MAGIC: [u8; 8] = *b"tidegate";

/// What the JSON holds: a reading, or why there is none.
type Answer = Result<Reading, String>;

/// A whole frame around `reading`. One that is too large, or cannot be put in
/// JSON, becomes a frame that says so.
pub(super) fn encode(reading: Reading) -> Vec<u8> {
    encode_answer(&Ok(reading), MAX_PAYLOAD)
        .or_else(|why| encode_answer(&Err(why), MAX_PAYLOAD))
        // A text of one line is always within the limit. If not: no answer,
        // which the reader reports as well.
        .unwrap_or_default()
}

fn encode_answer(answer: &Answer, limit: usize) -> Result<Vec<u8>, String> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, answer).map_err(|error| error.to_string())?;
    let length = frame.len() - HEADER;
    if length > limit {
        return Err(format!(
            "its reading takes {length} bytes; the protocol carries at most {limit}"
        ));
    }
    frame[..HEADER].copy_from_slice(&header(PROTOCOL_VERSION, length as u32));
    Ok(frame)
}

/// The header before `length` bytes.
pub(super) fn header(version: u32, length: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&version.to_le_bytes());
    header[12..].copy_from_slice(&length.to_le_bytes());
    header
}

/// How many bytes of JSON follow `header`.
///
/// # Errors
/// [`ReadError::Foreign`], [`ReadError::Version`], [`ReadError::TooLarge`].
pub(super) fn payload_length(header: &[u8; HEADER]) -> Result<usize, ReadError> {
    let number = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        u32::from_le_bytes(bytes)
    };
    if header[..8] != MAGIC {
        return Err(ReadError::Foreign);
    }
    let version = number(8);
    if version != PROTOCOL_VERSION {
        return Err(ReadError::Version { version });
    }
    let length = number(12) as usize;
    if length > MAX_PAYLOAD {
        return Err(ReadError::TooLarge { length });
    }
    Ok(length)
}

/// The reading in a frame's JSON.
///
/// # Errors
/// [`ReadError::Unreadable`], [`ReadError::Refused`].
pub(super) fn decode(payload: &[u8]) -> Result<Reading, ReadError> {
    match serde_json::from_slice::<Answer>(payload) {
        Ok(Ok(reading)) if reading.is_consistent() => Ok(reading),
        Ok(Ok(_)) => Err(ReadError::Unreadable {
            error: serde::de::Error::custom("it names nodes or workers that are not in it"),
        }),
        Ok(Err(why)) => Err(ReadError::Refused { why }),
        Err(error) => Err(ReadError::Unreadable { error }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_above_the_limit_is_refused_with_both_numbers() {
        let long: Answer = Err("x".repeat(100));
        assert!(encode_answer(&long, 200).is_ok());
        let why = encode_answer(&long, 99).unwrap_err();
        assert!(why.contains("takes 110 bytes"), "{why}");
        assert!(why.contains("at most 99"), "{why}");
    }

    #[test]
    fn a_refusal_travels_as_text() {
        let frame = encode_answer(&Err("no time".into()), MAX_PAYLOAD).unwrap();
        let (header, payload) = frame.split_at(HEADER);
        let length = payload_length(header.try_into().unwrap()).unwrap();
        assert_eq!(length, payload.len());
        let error = decode(payload).unwrap_err();
        assert!(matches!(error, ReadError::Refused { why } if why == "no time"));
    }
}
