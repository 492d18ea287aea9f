//! The outer ends of a node's ports.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use core::any::{Any, type_name};
use core::fmt;

use crate::door::{DoorError, Doors, Entrance, Exit};
use crate::node::Direction;

use super::error::HarnessError;

/// One for each port that has an edge. Their types are known when somebody asks
/// for one.
pub(super) struct Ends {
    /// Those nobody has asked for yet.
    untaken: Doors,
    /// An `Entrance<T>` or an `Exit<T>` each, by direction and name.
    opened: BTreeMap<(Direction, String), Box<dyn Any + Send>>,
}

/// The end of a door, whatever its payload.
pub(super) trait End: Any + Send {
    const DIRECTION: Direction;

    /// The name of its payload type.
    fn payload() -> &'static str;

    fn of(doors: &mut Doors, name: &str) -> Result<Self, DoorError>
    where
        Self: Sized;
}

impl<T: Send + 'static> End for Entrance<T> {
    const DIRECTION: Direction = Direction::Input;

    fn payload() -> &'static str {
        type_name::<T>()
    }

    fn of(doors: &mut Doors, name: &str) -> Result<Self, DoorError> {
        doors.take_entrance(name)
    }
}

impl<T: Send + 'static> End for Exit<T> {
    const DIRECTION: Direction = Direction::Output;

    fn payload() -> &'static str {
        type_name::<T>()
    }

    fn of(doors: &mut Doors, name: &str) -> Result<Self, DoorError> {
        doors.take_exit(name)
    }
}

impl Ends {
    pub(super) fn new(untaken: Doors) -> Self {
        Self {
            untaken,
            opened: BTreeMap::new(),
        }
    }

    /// The end of this port, which stays here.
    pub(super) fn open<E: End>(&mut self, name: &str) -> Result<&mut E, HarnessError> {
        let Self { untaken, opened } = self;
        let end = match opened.entry((E::DIRECTION, name.into())) {
            Entry::Occupied(end) => end.into_mut(),
            Entry::Vacant(place) => place.insert(Box::new(first::<E>(untaken, name)?)),
        };
        end.downcast_mut()
            .ok_or_else(|| of_another_type::<E>(untaken, name))
    }

    /// The end of this port, for the caller to keep.
    pub(super) fn take<E: End>(&mut self, name: &str) -> Result<E, HarnessError> {
        let key = (E::DIRECTION, name.to_owned());
        let Some(end) = self.opened.remove(&key) else {
            return first(&mut self.untaken, name);
        };
        match end.downcast() {
            Ok(end) => Ok(*end),
            Err(end) => {
                self.opened.insert(key, end);
                Err(of_another_type::<E>(&self.untaken, name))
            }
        }
    }
}

/// The end of a port that nobody has asked for yet.
fn first<E: End>(untaken: &mut Doors, name: &str) -> Result<E, HarnessError> {
    E::of(untaken, name).map_err(|error| HarnessError::at(E::DIRECTION, error))
}

/// Somebody asked for this port before, as of another type than `E`.
fn of_another_type<E: End>(untaken: &Doors, name: &str) -> HarnessError {
    let mut doors = untaken.0.iter();
    let door = doors.find(|door| door.direction == E::DIRECTION && door.name == name);
    HarnessError::PayloadType {
        direction: E::DIRECTION,
        name: name.into(),
        payload: door.map_or("another", |door| door.payload),
        requested: E::payload(),
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.untaken.0.iter();
        f.debug_list()
            .entries(ports.map(|door| format!("{} {}", door.direction, door.name)))
            .finish()
    }
}
