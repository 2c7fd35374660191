//! Actions as types, so that the signature of a handler says what it does to what.

use crate::access::Action;

/// An action that a handler does.
pub(crate) trait Act: Send + Sync + 'static {
    /// Which.
    const ACTION: Action;
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(dead_code, reason = "those that no route does yet")]
        pub(crate) enum $name {}

        impl Act for $name {
            const ACTION: Action = Action::$name;
        }
    )*};
}
acts! {
    /// [`Action::See`].
    See;
    /// [`Action::Read`].
    Read;
    /// [`Action::Write`].
    Write;
    /// [`Action::Manage`].
    Manage;
    /// [`Action::Secure`].
    Secure;
    /// [`Action::Operate`].
    Operate;
}
