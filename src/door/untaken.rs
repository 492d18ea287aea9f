//! The doors of an engine whose handles nobody has taken yet.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::{Any, type_name};

use crate::edge::Consumer;
use crate::message::Message;
use crate::node::{Direction, OutputEndpoint};

use super::entrance::Entrance;
use super::error::DoorError;
use super::exit::Exit;
use super::frame::Frame;

/// One door.
pub(crate) struct Untaken {
    pub(crate) name: String,
    pub(crate) direction: Direction,
    /// The payload type's name.
    pub(crate) payload: &'static str,
    /// None once it is taken.
    pub(crate) parts: Option<Parts>,
}

/// What a handle is made of. Dropped instead of taken it closes the door.
pub(crate) struct Parts {
    pub(crate) frame: Frame,
    /// An `OutputEndpoint<T>` or a `Consumer<Message<T>>`.
    pub(crate) end: Box<dyn Any + Send>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Doors(pub(crate) Vec<Untaken>);

impl Doors {
    pub(crate) fn take_entrance<T: Send + 'static>(
        &mut self,
        name: &str,
    ) -> Result<Entrance<T>, DoorError> {
        let (frame, end) = self.take::<T, OutputEndpoint<T>>(Direction::Input, name)?;
        Ok(Entrance::new(frame, *end))
    }

    pub(crate) fn take_exit<T: Send + 'static>(
        &mut self,
        name: &str,
    ) -> Result<Exit<T>, DoorError> {
        let (frame, end) = self.take::<T, Consumer<Message<T>>>(Direction::Output, name)?;
        Ok(Exit::new(frame, *end))
    }

    /// The parts of a handle for payloads of type `T`.
    fn take<T, End: 'static>(
        &mut self,
        direction: Direction,
        name: &str,
    ) -> Result<(Frame, Box<End>), DoorError> {
        let facing = |door: &&mut Untaken| door.direction == direction;
        let Some(door) = self
            .0
            .iter_mut()
            .filter(facing)
            .find(|door| door.name == name)
        else {
            let doors = self.0.iter().filter(|door| door.direction == direction);
            return Err(DoorError::Unknown {
                name: name.into(),
                direction,
                known: doors.map(|door| door.name.clone()).collect(),
            });
        };
        let Some(Parts { frame, end }) = door.parts.take() else {
            return Err(DoorError::Taken(name.into()));
        };
        match end.downcast::<End>() {
            Ok(end) => Ok((frame, end)),
            Err(end) => {
                door.parts = Some(Parts { frame, end });
                Err(DoorError::PayloadType {
                    name: name.into(),
                    payload: door.payload,
                    requested: type_name::<T>(),
                })
            }
        }
    }
}
