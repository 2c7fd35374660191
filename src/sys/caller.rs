//! Acting for the process that called: files that it makes through a mount belong to it and obey its umask.
//!
//! Linux keeps these per thread (`setfsuid`, capabilities, and after `unshare(CLONE_FS)` the umask), so each
//! thread that serves requests can act for another caller at the same time.

#![expect(unsafe_code, reason = "setfsuid, capset and unshare have no safe wrapper that stays within a thread")]

use std::cell::Cell;

/// User, group and umask of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Mode bits that are taken away from what is created.
    pub umask: u32,
}

/// Puts the thread's own identity back when it goes.
#[derive(Debug)]
pub struct ActingAs {
    switched: bool,
    _not_send: std::marker::PhantomData<*const ()>,
}

thread_local! {
    static HAS_OWN_UMASK: Cell<bool> = const { Cell::new(false) };
}

/// Until the result is dropped, files that this thread creates belong to `who` and obey its umask.
///
/// Only a daemon with root's rights can act for others; any other acts as itself. Whether the caller may do what
/// it asks has been decided by then (`default_permissions`), so the right to pass over permission bits is kept.
#[must_use]
pub fn act_as(who: Credentials) -> ActingAs {
    if !HAS_OWN_UMASK.replace(true) {
        // SAFETY: takes no pointers; from here on the thread has a umask and a working directory of its own.
        let _ = unsafe { libc::unshare(libc::CLONE_FS) };
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(who.umask));
    let switched = rustix::process::geteuid().is_root() && (who.uid != 0 || who.gid != 0);
    if switched {
        // SAFETY: both take numbers and act on this thread alone; they cannot fail for root.
        unsafe {
            libc::setfsgid(who.gid);
            libc::setfsuid(who.uid);
        }
        raise(CAP_DAC_OVERRIDE);
    }
    ActingAs { switched, _not_send: std::marker::PhantomData }
}

impl Drop for ActingAs {
    fn drop(&mut self) {
        if self.switched {
            // SAFETY: as in `act_as`. Going back to user 0 raises the file capabilities again.
            unsafe {
                libc::setfsuid(0);
                libc::setfsgid(0);
            }
        }
    }
}

/// Until the result is dropped, this thread lacks the right to keep set-id bits on files that it writes
/// (`CAP_FSETID`), so that the store clears them as it does for any user.
#[derive(Debug)]
pub struct WithoutSetId {
    dropped: bool,
    _not_send: std::marker::PhantomData<*const ()>,
}

/// See [`WithoutSetId`].
#[must_use]
pub fn without_set_id() -> WithoutSetId {
    let dropped = rustix::process::geteuid().is_root() && change(CAP_FSETID, false);
    WithoutSetId { dropped, _not_send: std::marker::PhantomData }
}

impl Drop for WithoutSetId {
    fn drop(&mut self) {
        if self.dropped {
            raise(CAP_FSETID);
        }
    }
}

const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_FSETID: u32 = 4;
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// `struct __user_cap_header_struct` of capset(2).
#[repr(C)]
struct CapHeader {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct` of capset(2).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

fn raise(capability: u32) {
    change(capability, true);
}

/// Sets one bit (of the low 32) of this thread's effective capabilities, where the permitted set has it.
fn change(capability: u32, on: bool) -> bool {
    let mut header = CapHeader { version: CAPABILITY_VERSION_3, pid: 0 };
    let mut sets = [CapData::default(); 2];
    // SAFETY: both pointers are to live structures of the layout that version 3 asks for; pid 0 is this thread.
    if unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) } != 0 {
        return false;
    }
    let bit = 1 << capability;
    if sets[0].permitted & bit == 0 || (sets[0].effective & bit != 0) == on {
        return false;
    }
    sets[0].effective ^= bit;
    // SAFETY: as above; capset only reads them.
    unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Dir, Replace};
    use crate::types::NotePath;

    #[test]
    fn files_belong_to_the_caller_and_the_thread_is_itself_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let make = |name: &str| dir.write_durably(&NotePath::new(name).unwrap(), b"x", Replace::Never).unwrap();
        let is_root = rustix::process::geteuid().is_root();
        let theirs = {
            let _acting = act_as(Credentials { uid: 1234, gid: 1235, umask: 0o027 });
            make("theirs")
        };
        assert_eq!(theirs.perm, 0o640);
        if is_root {
            assert_eq!((theirs.uid, theirs.gid), (1234, 1235));
            let _acting = act_as(Credentials { uid: 0, gid: 0, umask: 0 });
            assert_eq!((make("ours").uid, make("ours2").perm), (0, 0o666));
        }
    }
}
