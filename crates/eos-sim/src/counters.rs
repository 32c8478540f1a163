//! How often a device was connected to and asked, for benchmarks.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// What came over the wire of one device since it started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections: AtomicU64,
    handshakes: AtomicU64,
    requests: AtomicU64,
}

/// What was counted, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Accepted TCP connections.
    pub connections: u64,
    /// Completed TLS handshakes.
    pub handshakes: u64,
    /// HTTP requests, whatever their answer.
    pub requests: u64,
}

impl Counters {
    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shook_hands(&self) {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn asked(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn traffic(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Self { connections, handshakes, requests } = self;
        Traffic { connections: read(connections), handshakes: read(handshakes), requests: read(requests) }
    }
}

impl std::iter::Sum for Traffic {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            connections: sum.connections + one.connections,
            handshakes: sum.handshakes + one.handshakes,
            requests: sum.requests + one.requests,
        })
    }
}
