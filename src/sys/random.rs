//! Randomness from the kernel.

use rustix::rand::{GetRandomFlags, getrandom};

/// `N` bytes that nobody can guess.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
            Ok(more) => filled += more,
            Err(rustix::io::Errno::INTR) => {}
            // The generator blocks until it is seeded and fails in no other way.
            Err(error) => panic!("the kernel gives no random bytes: {error}"),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_are_never_the_same() {
        assert_ne!(super::random_bytes::<32>(), super::random_bytes::<32>());
    }
}
