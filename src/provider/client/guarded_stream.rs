//! A TCP connection that refuses bytes which cannot be part of the awaited reply.
//!
//! In HTTP/1.1 a reply belongs to a request only by its position. On a kept connection, a
//! stray second reply would become the answer to the next page. hyper closes a connection
//! that receives bytes while it is idle, but it sees them only when its task runs: until
//! then a request may be written, and the bytes count as its reply. Therefore the kernel is
//! asked right before the first byte of a request is written, and nothing may arrive before
//! its last byte is.

use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

// 0 is the first exchange: all data belongs to it. It includes the handshakes of TLS and of a proxy.
/// Between two exchanges: nothing may arrive.
const IDLE: u8 = 1;
/// A request is being written: nothing may arrive.
const WRITING: u8 = 2;
/// The request is written: its reply may arrive.
const WRITTEN: u8 = 3;

/// What a connection is used for, shared by the stream and its user.
#[derive(Debug, Default)]
pub(crate) struct ConnectionWatch {
    phase: AtomicU8,
    is_unusable: AtomicBool,
}

impl ConnectionWatch {
    /// A reply was read to its end: from now on nothing may arrive until the next request is
    /// written.
    pub(crate) fn end_exchange(&self) {
        self.phase.store(IDLE, Ordering::Relaxed);
    }

    /// Whether the connection was given up before a request was written completely, because
    /// bytes had arrived or the server had closed it. The request was not executed.
    pub(crate) fn is_unusable(&self) -> bool {
        self.is_unusable.load(Ordering::Relaxed)
    }

    fn give_up(&self, reason: &'static str) -> io::Error {
        self.is_unusable.store(true, Ordering::Relaxed);
        io::Error::new(io::ErrorKind::ConnectionAborted, reason)
    }
}

/// A TCP connection with a watch.
#[derive(Debug)]
pub(crate) struct GuardedStream {
    tcp: TcpStream,
    watch: Arc<ConnectionWatch>,
}

impl GuardedStream {
    /// Guards a new connection.
    pub(crate) fn new(tcp: TcpStream, watch: Arc<ConnectionWatch>) -> Self {
        Self { tcp, watch }
    }

    fn begin_write(&self) -> io::Result<()> {
        // hyper would still write the rest of the request before it closes the connection.
        if self.watch.is_unusable() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match self.watch.phase.load(Ordering::Relaxed) {
            IDLE => self.check_silence()?,
            // After the request TLS may still have something to write: its reply may have arrived.
            _ => return Ok(()),
        }
        self.watch.phase.store(WRITING, Ordering::Relaxed);
        Ok(())
    }

    /// Asks the kernel, because the runtime may not have seen yet what has arrived.
    fn check_silence(&self) -> io::Result<()> {
        let mut byte = [MaybeUninit::uninit()];
        match SockRef::from(&self.tcp).peek(&mut byte) {
            Ok(0) => Err(self.watch.give_up("the server has closed the connection")),
            Ok(_) => Err(self.watch.give_up("bytes arrived before the request was sent")),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => {
                self.watch.is_unusable.store(true, Ordering::Relaxed);
                Err(error)
            }
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        let is_early = matches!(self.watch.phase.load(Ordering::Relaxed), IDLE | WRITING);
        if is_early && buf.filled().len() > before {
            return Poll::Ready(Err(self.watch.give_up("bytes arrived before the request was sent")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.begin_write()?;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.begin_write()?;
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    /// hyper flushes when everything that it has of a request is written, which is all of it:
    /// bodies are in one piece.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_flush(cx))?;
        let _ = self.watch.phase.compare_exchange(WRITING, WRITTEN, Ordering::Relaxed, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
