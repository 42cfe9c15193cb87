//! A port on which nothing listens, and which no other process gets.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// A port on loopback that refuses connections. It is free again when this is dropped.
pub(crate) struct ClosedPort {
    socket: TcpSocket,
}

impl ClosedPort {
    /// Any free port.
    pub(crate) fn new() -> Self {
        Self::bind_at(0).unwrap()
    }

    /// This port. `None`: it is in use.
    pub(crate) fn bind_at(port: u16) -> Option<Self> {
        let socket = TcpSocket::new_v4().unwrap();
        // Connections of a server that has ended may still be closing.
        socket.set_reuseaddr(true).unwrap();
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).ok()?;
        Some(Self { socket })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.socket.local_addr().unwrap())
    }
}
