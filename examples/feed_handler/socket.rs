//! The socket of the feed: many datagrams with one system call, each with the
//! moment at which the kernel got it.

use std::io;
use std::mem::{size_of, size_of_val};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use bytemuck::{Pod, Zeroable};
use rustix::net::sockopt;

use crate::wire::DATAGRAM;

/// The most datagrams that are received with one call.
pub(crate) const BATCH: usize = 32;

/// What the kernel is asked to hold; it may grant less.
const BUFFER: usize = 8 << 20;

/// Room for one datagram, and a byte more by which longer ones show.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Slot([u8; DATAGRAM + 1]);

/// The head of a control message, as the kernel lays it out.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct ControlHead {
    /// Of head and data.
    length: usize,
    level: i32,
    kind: i32,
}

/// Room for the one control message that was asked for: the time of arrival.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Control {
    head: ControlHead,
    seconds: i64,
    nanos: i64,
}

/// What the kernel says of one datagram.
#[derive(Clone, Copy, Default)]
struct Arrival {
    length: usize,
    /// By the wall clock.
    nanos: u64,
}

/// A socket that receives a feed, and its buffers: nothing is allocated after
/// it was opened.
pub(crate) struct FeedSocket {
    socket: UdpSocket,
    slots: Box<[Slot; BATCH]>,
    arrivals: [Arrival; BATCH],
    /// Which of the slots were received and not taken: from … to before.
    taken: usize,
    received: usize,
}

impl FeedSocket {
    /// Listens at `address`; joins the group on the loopback interface if it is
    /// a multicast one.
    ///
    /// # Errors
    /// What the system says when it cannot be opened.
    pub(crate) fn open(address: SocketAddrV4) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        if address.ip().is_multicast() {
            socket.join_multicast_v4(address.ip(), &Ipv4Addr::LOCALHOST)?;
        }
        socket.set_nonblocking(true)?;
        sockopt::set_socket_recv_buffer_size(&socket, BUFFER)?;
        enable(&socket, libc::SO_TIMESTAMPNS)?;
        Ok(Self {
            socket,
            slots: Box::new([Slot([0; DATAGRAM + 1]); BATCH]),
            arrivals: [Arrival::default(); BATCH],
            taken: 0,
            received: 0,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The bytes that the kernel granted for datagrams that wait; it counts its
    /// own bookkeeping against them.
    pub(crate) fn buffer(&self) -> io::Result<usize> {
        Ok(sockopt::socket_recv_buffer_size(&self.socket)?)
    }

    /// The next datagram with the wall-clock time of its arrival, or `None` when
    /// none waits. One longer than [`DATAGRAM`] is cut, to one byte more.
    ///
    /// # Errors
    /// What the system says, other than that nothing is there.
    ///
    /// # Real-time
    /// One system call for up to [`BATCH`] datagrams; never waits.
    pub(crate) fn next(&mut self) -> io::Result<Option<(&[u8], u64)>> {
        if self.taken == self.received {
            self.taken = 0;
            self.received = 0; // should the call fail
            self.received = self.receive()?;
            if self.received == 0 {
                return Ok(None);
            }
        }
        let index = self.taken;
        self.taken += 1;
        let arrival = self.arrivals[index];
        Ok(Some((
            &self.slots[index].0[..arrival.length],
            arrival.nanos,
        )))
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut controls = [Control::zeroed(); BATCH];
        let mut parts: [libc::iovec; BATCH] = std::array::from_fn(|index| libc::iovec {
            iov_base: self.slots[index].0.as_mut_ptr().cast(),
            iov_len: size_of::<Slot>().min(DATAGRAM + 1),
        });
        let mut heads: [libc::mmsghdr; BATCH] = std::array::from_fn(|index| libc::mmsghdr {
            msg_hdr: libc::msghdr {
                msg_name: ptr::null_mut(),
                msg_namelen: 0,
                msg_iov: &raw mut parts[index],
                msg_iovlen: 1,
                msg_control: (&raw mut controls[index]).cast(),
                msg_controllen: size_of::<Control>() as _,
                msg_flags: 0,
            },
            msg_len: 0,
        });
        // SAFETY: each head points to one part, one slot and one control message
        // with their true lengths. They belong to this frame or to `self`, which
        // is borrowed exclusively; the kernel writes during the call alone.
        let received = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                heads.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let Ok(received) = usize::try_from(received) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            };
        };
        for ((arrival, head), control) in self.arrivals.iter_mut().zip(&heads).zip(&controls) {
            arrival.length = (head.msg_len as usize).min(DATAGRAM + 1);
            arrival.nanos = control.stamp();
        }
        Ok(received.min(BATCH))
    }

    /// How many datagrams the kernel has thrown away so far, because the buffer
    /// was full when they came.
    ///
    /// # Errors
    /// What the system says; older kernels do not know the question.
    pub(crate) fn kernel_drops(&self) -> io::Result<u64> {
        /// Its place among what `SO_MEMINFO` answers.
        const DROPS: usize = 8;
        let mut figures = [0_u32; DROPS + 1];
        let mut length = size_of_val(&figures) as libc::socklen_t;
        // SAFETY: the pointers are to `length` bytes and to the length, which live
        // here.
        let result = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_MEMINFO,
                (&raw mut figures).cast(),
                &raw mut length,
            )
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        if (length as usize) < size_of_val(&figures) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(figures[DROPS].into())
    }
}

impl Control {
    /// The moment it carries, in nanoseconds since 1970; now, if it carries none.
    fn stamp(&self) -> u64 {
        let is_stamp = self.head.length == size_of::<Self>()
            && self.head.level == libc::SOL_SOCKET
            && self.head.kind == libc::SCM_TIMESTAMPNS;
        let nanos = self.seconds as u64 * 1_000_000_000 + self.nanos as u64;
        if is_stamp {
            nanos
        } else {
            crate::wall::nanos()
        }
    }
}

fn enable(socket: &UdpSocket, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the pointer is to an integer that lives here, with its length.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (FeedSocket, UdpSocket) {
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
        let feed = FeedSocket::open(address).unwrap();
        let sender = UdpSocket::bind(address).unwrap();
        sender.connect(feed.address().unwrap()).unwrap();
        (feed, sender)
    }

    #[test]
    fn datagrams_come_in_order_with_their_lengths_and_times() {
        let (mut feed, sender) = open();
        assert!(feed.next().unwrap().is_none());
        let before = crate::wall::nanos();
        let lengths: Vec<usize> = (0..3 * BATCH).map(|n| n % (DATAGRAM + 20)).collect();
        for (number, &length) in (0..).zip(&lengths) {
            sender.send(&vec![number; length]).unwrap();
        }
        let after = crate::wall::nanos();
        let mut last = before;
        for (number, &length) in (0_u8..).zip(&lengths) {
            let (bytes, nanos) = feed.next().unwrap().expect("a datagram");
            assert_eq!(bytes, vec![number; length.min(DATAGRAM + 1)]);
            assert!(last <= nanos && nanos <= after, "{last} {nanos} {after}");
            last = nanos;
        }
        assert!(feed.next().unwrap().is_none());
    }

    #[test]
    fn what_the_kernel_throws_away_is_counted_to_the_last_one() {
        let (mut feed, sender) = open();
        sockopt::set_socket_recv_buffer_size(&feed.socket, 0).unwrap(); // the least
        for _ in 0..500 {
            sender.send(&[0; DATAGRAM]).unwrap();
        }
        let mut received = 0;
        while feed.next().unwrap().is_some() {
            received += 1;
        }
        let dropped = feed.kernel_drops().unwrap();
        assert!(dropped > 0);
        assert_eq!(received + dropped, 500);
    }
}
