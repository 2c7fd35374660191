//! Sockets in a directory, for requests of this machine's user alone: the kernel says who connects.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::{Dir, IoContext, StoreError};
use crate::types::NotePath;

/// The longest path that fits a socket's address everywhere.
const ADDRESS: usize = 100;

/// Listens at a socket in `dir` that only its owner can connect to. One that is there already is taken for what a dead
/// process left, and replaced.
///
/// # Errors
/// What the calls say.
pub fn listen_privately(dir: &Dir, name: &NotePath) -> Result<UnixListener, StoreError> {
    match dir.remove_file(name) {
        Ok(()) => {}
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    let bound = (|| -> std::io::Result<OwnedFd> {
        let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        // Before bind: the file never exists with other bits.
        rustix::fs::fchmod(&fd, rustix::fs::Mode::from_raw_mode(0o600))?;
        rustix::net::bind(&fd, &address(dir, name)?)?;
        rustix::net::listen(&fd, 128)?;
        Ok(fd)
    })();
    bound.map(UnixListener::from).context("make the control socket", dir.shown(name))
}

/// Connects to a socket in `dir`.
///
/// # Errors
/// What connect(2) says: `ENOENT` and `ECONNREFUSED` where nobody listens.
pub fn connect_to(dir: &Dir, name: &NotePath) -> Result<UnixStream, StoreError> {
    let connected = (|| -> std::io::Result<OwnedFd> {
        let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        rustix::net::connect(&fd, &address(dir, name)?)?;
        Ok(fd)
    })();
    connected.map(UnixStream::from).context("connect to", dir.shown(name))
}

/// The socket's address. A long path goes through the directory's descriptor, since an address holds 108 bytes.
fn address(dir: &Dir, name: &NotePath) -> std::io::Result<SocketAddrUnix> {
    let path = dir.shown(name);
    let path = if path.as_os_str().len() <= ADDRESS {
        path
    } else {
        PathBuf::from(format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd())).join(name.as_path())
    };
    Ok(SocketAddrUnix::new(path)?)
}

/// Whether the other side is a process of this one's user, or root's.
#[must_use]
pub fn is_of_same_user(stream: &UnixStream) -> bool {
    match rustix::net::sockopt::socket_peercred(stream) {
        Ok(peer) if peer.uid == rustix::process::geteuid() || peer.uid.is_root() => true,
        Ok(peer) => {
            tracing::warn!(uid = peer.uid.as_raw(), "refused a connection on the control socket by another user");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "refused a connection on the control socket: the kernel does not say whose it is");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_socket_that_a_dead_process_left_is_replaced_and_long_paths_serve() {
        let folder = tempfile::tempdir().unwrap();
        let deep = NotePath::new(format!("{0}/{0}/{0}", "d".repeat(60))).unwrap();
        Dir::open(folder.path()).unwrap().make_dirs(&deep).unwrap();
        let dir = Dir::open(folder.path().join(deep.as_path())).unwrap();
        let name = NotePath::new("x.sock").unwrap();
        drop(listen_privately(&dir, &name).unwrap());
        assert_eq!(connect_to(&dir, &name).unwrap_err().errno(), libc::ECONNREFUSED);
        let listener = listen_privately(&dir, &name).unwrap();
        assert_eq!(dir.stat(&name).unwrap().perm, 0o600);
        let mut near = connect_to(&dir, &name).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        assert!(is_of_same_user(&far));
        near.write_all(b"x").unwrap();
        let mut byte = [0];
        far.read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"x");
    }
}
