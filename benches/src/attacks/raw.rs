//! A server that sends exactly the bytes of an attack, be they HTTP or not.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What follows the bytes.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// An orderly close.
    Close,
    /// Silence.
    Hang,
    /// These bytes without end.
    Repeat(Vec<u8>),
    /// These bytes, one each time the pause has passed.
    Drip(Vec<u8>, Duration),
}

/// Answers every request with the same bytes.
pub(super) struct RawServer {
    /// `127.0.0.1:port`.
    pub(super) host: String,
    is_over: Arc<AtomicBool>,
}

impl RawServer {
    /// Starts on a free port.
    pub(super) fn start(bytes: impl Into<Vec<u8>>, then: Then) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        let is_over = Arc::new(AtomicBool::new(false));
        let (bytes, over) = (bytes.into(), Arc::clone(&is_over));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (bytes, then, over) = (bytes.clone(), then.clone(), Arc::clone(&over));
                std::thread::spawn(move || serve(stream, &bytes, &then, &over));
            }
        });
        Ok(Self { host, is_over })
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // The thread that listens sees it at the next connection.
        let _ = TcpStream::connect(&self.host);
    }
}

/// Answers one connection. It ends when the client goes.
fn serve(mut stream: TcpStream, bytes: &[u8], then: &Then, over: &AtomicBool) {
    let (mut head, mut buffer) = (Vec::<u8>::new(), [0; 4096]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => head.extend(buffer.iter().take(read)),
            _ => return,
        }
    }
    if stream.write_all(bytes).is_err() {
        return;
    }
    match then {
        Then::Close => {}
        Then::Hang => {
            let _ = stream.read(&mut buffer);
        }
        Then::Repeat(unit) => while !over.load(Ordering::SeqCst) && stream.write_all(unit).is_ok() {},
        Then::Drip(unit, pause) => {
            for byte in unit.iter().cycle() {
                std::thread::sleep(*pause);
                if over.load(Ordering::SeqCst) || stream.write_all(&[*byte]).is_err() {
                    return;
                }
            }
        }
    }
}
