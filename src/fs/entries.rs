//! Operations on directory entries: create, link, remove, rename.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Uid};

use super::attr::{EntryReply, decode_rdev};
use super::caches::Drop;
use super::core::{Context, Core, is_hidden};
use super::error::{FsError, FsResult};
use super::node::{Name, Node, Parent, Version, What};
use super::open::{Opened, Opening};
use super::table::place_number;
use super::tree::{Created, Found, Place};
use crate::engine::ChangeOp;
use crate::engine::catalog::CatalogFile;
use crate::sys::{FileKind, StoreStat, act_as};
use crate::types::NodeNumber;

/// What a special file is made as.
#[derive(Clone, Copy, Debug)]
pub struct NodeMode {
    /// Type and permission bits.
    pub mode: u32,
    /// Device number in the kernel's packing.
    pub rdev: u32,
}

/// A directory and a name in it.
pub type At<'a> = (NodeNumber, &'a OsStr);

const RESERVED: &str = "a notebook's .codex is Codex's own; choose another name";

impl Core {
    /// Where something may be created: its directory's node and descriptor.
    fn creatable(&self, ctx: Context, parent: &Arc<Node>, name: &OsStr) -> FsResult<Arc<OwnedFd>> {
        self.writable_at(parent)?;
        if is_hidden(parent, name) {
            return Err(FsError::refused(libc::EPERM, RESERVED));
        }
        if self.tree.is_echo(parent.number, name, ctx.caller) {
            return Err(FsError::refused(
                libc::EPERM,
                "this name was refused a moment ago as a rename; copying it instead would lose the link to the note",
            ));
        }
        self.nodes.dir_fd(parent)
    }

    /// The answer for an entry that was just made in a real directory.
    fn made(&self, ctx: Context, parent: &Arc<Node>, dir: &OwnedFd, name: &OsStr) -> FsResult<EntryReply> {
        let stat = StoreStat::at(dir, name)?;
        let node = self.real_node(parent, name, &stat, true)?;
        let entry = self.real_entry(&node, &stat);
        if stat.kind != FileKind::Directory {
            self.note_entry(ctx, parent, name, ChangeOp::Written);
        }
        Ok(entry)
    }

    /// Tells the engine of a change of an entry of a real directory.
    fn note_entry(&self, ctx: Context, parent: &Node, name: &OsStr, op: ChangeOp) {
        if let Some((notebook, folder)) = parent.in_notebook()
            && let Ok(path) = folder.join(name.as_encoded_bytes())
        {
            self.note(&notebook, op, path, self.requester(ctx.caller));
        }
    }

    /// Creates and opens a file.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says for synthetic folders.
    pub fn create(&self, ctx: Context, at: At<'_>, mode: u32, opening: Opening<'_>) -> FsResult<(EntryReply, Opened)> {
        let (parent, name) = (self.nodes.get(at.0)?, at.1);
        if let What::Place(place) = &parent.what {
            return self.create_in_place(ctx, (place, name), mode, opening);
        }
        let dir = self.creatable(ctx, &parent, name)?;
        let wanted = OFlags::from_bits_retain(opening.flags.cast_unsigned());
        let kept = OFlags::EXCL | OFlags::TRUNC | OFlags::NOFOLLOW;
        let how = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | (wanted & kept);
        let file = {
            let _acting = act_as(ctx.credentials());
            rustix::fs::openat(&*dir, name, how, Mode::from_raw_mode(mode & 0o7777))?
        };
        let stat = StoreStat::of(&file)?;
        let node = self.real_node(&parent, name, &stat, true)?;
        let entry = self.real_entry(&node, &stat);
        let opened = self.adopt_handle(ctx, &node, file, &stat, opening)?;
        Ok((entry, opened))
    }

    fn create_in_place(
        &self,
        ctx: Context,
        (place, name): (&Place, &OsStr),
        mode: u32,
        opening: Opening<'_>,
    ) -> FsResult<(EntryReply, Opened)> {
        self.writable()?;
        if self.tree.is_echo(place_number(place), name, ctx.caller) {
            return Err(FsError::refused(libc::EPERM, "this name was refused a moment ago as a rename"));
        }
        let (found, truncate) = {
            let _acting = act_as(ctx.credentials());
            match self.tree.create(place, name, mode, ctx.caller)? {
                Created::Scratch(scratch) => (Found::Scratch(scratch), 0),
                Created::Note(file) => (Found::Note(file), libc::O_TRUNC),
            }
        };
        let (node, _) = match &found {
            Found::Scratch(scratch) => self.scratch_node(scratch, false)?,
            Found::Note(file) => self.note_node(*file, false)?,
            _ => return Err(FsError::plain(libc::EIO)),
        };
        let flags = opening.flags & !(libc::O_EXCL | libc::O_CREAT) | truncate;
        let opened = self.open_real(ctx, &node, Opening { flags, ..opening })?;
        let entry = self.entry_of(found, true)?;
        Ok((entry, opened))
    }

    /// Makes a file without opening it: regular, fifo, socket or device.
    ///
    /// # Errors
    /// The store's; in synthetic folders EPERM but for regular files.
    pub fn mknod(&self, ctx: Context, at: At<'_>, node: NodeMode) -> FsResult<EntryReply> {
        let (parent, name) = (self.nodes.get(at.0)?, at.1);
        let kind = FileType::from_raw_mode(node.mode);
        if let What::Place(place) = &parent.what {
            self.writable()?;
            if kind != FileType::RegularFile {
                return Err(FsError::refused(libc::EPERM, "only ordinary files can be made in this folder"));
            }
            let _acting = act_as(ctx.credentials());
            return match self.tree.create(place, name, node.mode, ctx.caller)? {
                Created::Scratch(scratch) => {
                    let id = scratch.id;
                    let entry = self.entry_of(Found::Scratch(scratch), true);
                    self.tree.scratch_flushed(id);
                    entry
                }
                Created::Note(file) => self.entry_of(Found::Note(file), true),
            };
        }
        let dir = self.creatable(ctx, &parent, name)?;
        let mode = Mode::from_raw_mode(node.mode & 0o7777);
        if matches!(kind, FileType::CharacterDevice | FileType::BlockDevice) {
            // Making a device takes root's own identity; it is given to the caller afterwards.
            rustix::fs::mknodat(&*dir, name, kind, mode, decode_rdev(node.rdev))?;
            let (uid, gid) = (Uid::from_raw(ctx.caller.uid), Gid::from_raw(ctx.caller.gid));
            rustix::fs::chownat(&*dir, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        } else {
            let _acting = act_as(ctx.credentials());
            rustix::fs::mknodat(&*dir, name, kind, mode, 0)?;
        }
        self.made(ctx, &parent, &dir, name)
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says for synthetic folders.
    pub fn mkdir(&self, ctx: Context, at: At<'_>, mode: u32) -> FsResult<EntryReply> {
        let (parent, name) = (self.nodes.get(at.0)?, at.1);
        if let What::Place(place) = &parent.what {
            self.writable()?;
            if self.tree.is_echo(parent.number, name, ctx.caller) {
                return Err(FsError::refused(libc::EPERM, "this name was refused a moment ago as a rename"));
            }
            let _acting = act_as(ctx.credentials());
            let found = self.tree.mkdir(place, name, ctx.caller)?;
            return self.entry_of(found, true);
        }
        let dir = self.creatable(ctx, &parent, name)?;
        {
            let _acting = act_as(ctx.credentials());
            rustix::fs::mkdirat(&*dir, name, Mode::from_raw_mode(mode & 0o7777))?;
        }
        self.made(ctx, &parent, &dir, name)
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says for synthetic folders.
    pub fn symlink(&self, ctx: Context, at: At<'_>, target: &OsStr) -> FsResult<EntryReply> {
        let (parent, name) = (self.nodes.get(at.0)?, at.1);
        if let What::Place(place) = &parent.what {
            self.writable()?;
            if self.tree.is_echo(parent.number, name, ctx.caller) {
                return Err(FsError::refused(libc::EPERM, "this name was refused a moment ago as a rename"));
            }
            self.tree.symlink(place, name, target, ctx.caller)?;
            self.caches.drop_soon(Drop::Entry(parent.number, name.to_owned()));
            return self.entry_of(Found::Symlink(target.as_encoded_bytes().to_vec()), true);
        }
        let dir = self.creatable(ctx, &parent, name)?;
        {
            let _acting = act_as(ctx.credentials());
            rustix::fs::symlinkat(target, &*dir, name)?;
        }
        self.made(ctx, &parent, &dir, name)
    }

    /// Gives a file one more name.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says for synthetic folders.
    pub fn link(&self, ctx: Context, number: NodeNumber, at: At<'_>) -> FsResult<EntryReply> {
        let (node, parent, name) = (self.nodes.get(number)?, self.nodes.get(at.0)?, at.1);
        if let What::Place(place) = &parent.what {
            self.writable()?;
            if self.tree.is_echo(parent.number, name, ctx.caller) {
                return Err(FsError::refused(libc::EPERM, "this name was refused a moment ago as a rename"));
            }
            let file = self.indexed(&node, name)?;
            self.tree.link(file, (place, name), ctx.caller)?;
            self.caches.drop_soon(Drop::Attributes(number));
            return self.entry_of(Found::Note(file), true);
        }
        let dir = self.creatable(ctx, &parent, name)?;
        let (from, old, _) = self.locate(&node)?;
        {
            let _acting = act_as(ctx.credentials());
            rustix::fs::linkat(from.as_fd(), &old, &*dir, name, AtFlags::empty())?;
        }
        self.made(ctx, &parent, &dir, name)
    }

    /// The index's file of a node that is about to get a synthetic name. Of hard links the one of this name is meant,
    /// the one last looked up if several bear it.
    fn indexed(&self, node: &Node, name: &OsStr) -> FsResult<crate::types::FileKey> {
        if node.kind != FileKind::File || node.real().is_none() {
            return Err(FsError::refused(libc::EPERM, "only files of a notebook can be put into this folder"));
        }
        self.engine
            .barrier(std::time::Duration::from_secs(5))
            .map_err(|behind| FsError::refused(libc::EAGAIN, behind.to_string()))?;
        let files = self.engine.catalog().all_by_node(node.number);
        let last = node.in_notebook().map(|(notebook, path)| (notebook.number, path));
        let is_last = |file: &CatalogFile| {
            last.as_ref().is_some_and(|(number, path)| (file.key.notebook, &file.path) == (*number, path))
        };
        let of_name = || files.iter().filter(|file| file.name() == name);
        let meant = of_name().find(|file| is_last(file)).or_else(|| of_name().next());
        meant.or_else(|| files.first()).map(|file| file.key).ok_or_else(|| {
            FsError::refused(
                libc::EINVAL,
                "this file is not indexed, so it cannot bear tags: its name is ignored, temporary, or not UTF-8; rename it",
            )
        })
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says for synthetic folders.
    pub fn unlink(&self, ctx: Context, at: At<'_>) -> FsResult<()> {
        let (parent, name) = (self.nodes.get(at.0)?, at.1);
        self.writable_at(&parent)?;
        if let What::Place(place) = &parent.what {
            return Ok(self.tree.unlink(place, name, ctx.caller)?);
        }
        let dir = self.nodes.dir_fd(&parent)?;
        let victim = self.before_removal(&parent, &dir, name);
        {
            let _acting = act_as(ctx.credentials());
            rustix::fs::unlinkat(&*dir, name, AtFlags::empty())?;
        }
        self.after_removal(&parent, victim, name);
        self.note_entry(ctx, &parent, name, ChangeOp::Removed);
        Ok(())
    }

    /// Keeps what the history does not hold yet of a file that is about to lose this name.
    fn before_removal(&self, parent: &Arc<Node>, dir: &OwnedFd, name: &OsStr) -> Option<(StoreStat, NodeNumber)> {
        let (notebook, folder) = parent.in_notebook()?;
        let stat = StoreStat::at(dir, name).ok()?;
        if stat.kind == FileKind::File
            && let Ok(path) = folder.join(name.as_encoded_bytes())
        {
            self.engine.keep_known_before_removal(notebook.number, &path, &stat);
        }
        Some((stat, notebook.node_number(&stat)))
    }

    fn after_removal(&self, parent: &Node, victim: Option<(StoreStat, NodeNumber)>, name: &OsStr) {
        let Some((stat, number)) = victim else { return };
        if (stat.nlink == 1 || stat.kind == FileKind::Directory)
            && let Some(notebook) = parent.notebook()
        {
            notebook.doubt_number(&stat);
        }
        if let Some(real) = self.nodes.known(number).as_ref().and_then(|node| node.real()) {
            real.lost(parent.number, name);
            // The kernel counts a link less on its own; what it counts besides (tags, views) is ours to correct.
            let catalog = self.engine.catalog();
            let has_more = || catalog.by_node(number).is_some_and(|file| catalog.synthetic_links(file) > 0);
            if stat.kind == FileKind::File && (stat.nlink > 1 || has_more()) {
                self.caches.drop_soon(Drop::Attributes(number));
            }
        }
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says for synthetic folders.
    pub fn rmdir(&self, ctx: Context, at: At<'_>) -> FsResult<()> {
        let (parent, name) = (self.nodes.get(at.0)?, at.1);
        self.writable_at(&parent)?;
        if let What::Place(place) = &parent.what {
            return Ok(self.tree.rmdir(place, name, ctx.caller)?);
        }
        let dir = self.nodes.dir_fd(&parent)?;
        let victim =
            StoreStat::at(&*dir, name).ok().and_then(|stat| Some((stat, parent.notebook()?.node_number(&stat))));
        {
            let _acting = act_as(ctx.credentials());
            rustix::fs::unlinkat(&*dir, name, AtFlags::REMOVEDIR)?;
        }
        self.after_removal(&parent, victim, name);
        self.note_entry(ctx, &parent, name, ChangeOp::Removed);
        Ok(())
    }

    /// Renames.
    ///
    /// # Errors
    /// The store's; what mount.md §5 says where one side is synthetic. Never EXDEV between real and synthetic.
    pub fn rename(&self, ctx: Context, from: At<'_>, to: At<'_>, flags: RenameFlags) -> FsResult<()> {
        let (old_parent, new_parent) = (self.nodes.get(from.0)?, self.nodes.get(to.0)?);
        self.writable_at(&old_parent)?;
        self.writable_at(&new_parent)?;
        match (&old_parent.what, &new_parent.what) {
            (What::Place(old), What::Place(new)) => {
                if flags.contains(RenameFlags::EXCHANGE) {
                    return Err(FsError::refused(libc::EINVAL, "entries of synthetic folders cannot be exchanged"));
                }
                let no_replace = flags.contains(RenameFlags::NOREPLACE);
                let result = self.tree.rename((old, from.1), (new, to.1), no_replace, ctx.caller);
                if result.is_err() {
                    self.tree.remember_refusal(new_parent.number, to.1, ctx.caller);
                }
                self.forget_entries(from, to);
                Ok(result?)
            }
            (What::Place(_), _) => {
                self.tree.remember_refusal(new_parent.number, to.1, ctx.caller);
                Err(FsError::refused(
                    libc::EPERM,
                    "an entry of a tag or view folder is a link to a note: it cannot be moved into a notebook; \
                     use rm to remove it from the folder, or mv the note itself",
                ))
            }
            (_, What::Place(place)) => {
                let result = self.rename_into_place(ctx, &old_parent, from.1, (place, to.1), flags);
                if result.is_err() {
                    self.tree.remember_refusal(new_parent.number, to.1, ctx.caller);
                }
                // The kernel has moved its entry; both names mean something else than it thinks.
                self.forget_entries(from, to);
                result
            }
            _ => self.rename_real(ctx, (&old_parent, from.1), (&new_parent, to.1), flags),
        }
    }

    fn forget_entries(&self, from: At<'_>, to: At<'_>) {
        self.caches.drop_soon(Drop::Entry(from.0, from.1.to_owned()));
        self.caches.drop_soon(Drop::Entry(to.0, to.1.to_owned()));
    }

    fn rename_into_place(
        &self,
        ctx: Context,
        parent: &Arc<Node>,
        name: &OsStr,
        to: (&Place, &OsStr),
        flags: RenameFlags,
    ) -> FsResult<()> {
        if flags.contains(RenameFlags::EXCHANGE) {
            return Err(FsError::refused(libc::EINVAL, "a note and an entry of a folder cannot be exchanged"));
        }
        let dir = self.nodes.dir_fd(parent)?;
        let stat = StoreStat::at(&*dir, name)?;
        let node = self.real_node(parent, name, &stat, false)?;
        let file = self.indexed(&node, name)?;
        self.tree.rename_into(file, name, to, ctx.caller)?;
        self.caches.drop_soon(Drop::Attributes(node.number));
        Ok(())
    }

    fn rename_real(
        &self,
        ctx: Context,
        from: (&Arc<Node>, &OsStr),
        to: (&Arc<Node>, &OsStr),
        flags: RenameFlags,
    ) -> FsResult<()> {
        if is_hidden(from.0, from.1) {
            return Err(FsError::not_found());
        }
        let new_dir = self.creatable(ctx, to.0, to.1)?;
        let old_dir = self.nodes.dir_fd(from.0)?;
        let moved = StoreStat::at(&*old_dir, from.1)?;
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        let replaced = if exchange { None } else { self.before_removal(to.0, &new_dir, to.1) };
        let other = if exchange { Some(StoreStat::at(&*new_dir, to.1)?) } else { None };
        carry_numbers(&moved, from, to.0);
        if let Some(other) = &other {
            carry_numbers(other, to, from.0);
        }
        {
            let _acting = act_as(ctx.credentials());
            rustix::fs::renameat_with(&*old_dir, from.1, &*new_dir, to.1, flags)?;
        }
        if replaced.is_some_and(|(stat, _)| stat.key == moved.key) {
            // Two names of one file: rename(2) does nothing.
            return Ok(());
        }
        self.after_removal(to.0, replaced, to.1);
        self.move_node(&moved, from, to);
        if let Some(other) = &other {
            self.move_node(other, to, from);
        }
        self.note_rename(ctx, from, to, exchange);
        Ok(())
    }

    /// The node that was at `from` is at `to` now.
    fn move_node(&self, stat: &StoreStat, from: (&Arc<Node>, &OsStr), to: (&Arc<Node>, &OsStr)) {
        let Some(old) = from.0.notebook() else { return };
        let number = old.node_number(stat);
        let name = Name { parent: Parent::Node(Arc::clone(to.0)), name: to.1.to_owned() };
        if let Some(real) = self.nodes.known(number).as_ref().and_then(|node| node.real()) {
            real.renamed((from.0.number, from.1), name);
        }
    }

    fn note_rename(&self, ctx: Context, from: (&Arc<Node>, &OsStr), to: (&Arc<Node>, &OsStr), exchange: bool) {
        let place = |(parent, name): (&Arc<Node>, &OsStr)| {
            let (notebook, folder) = parent.in_notebook()?;
            Some((notebook, folder.join(name.as_encoded_bytes()).ok()?))
        };
        let (Some((old, old_path)), Some((new, new_path))) = (place(from), place(to)) else { return };
        let by = self.requester(ctx.caller);
        if old.number != new.number {
            self.note(&old, if exchange { ChangeOp::Written } else { ChangeOp::Removed }, old_path, by.clone());
            self.note(&new, ChangeOp::Written, new_path, by);
        } else if exchange {
            self.note(&new, ChangeOp::Exchanged(old_path), new_path, by);
        } else {
            self.note(&new, ChangeOp::Renamed(old_path), new_path, by);
        }
    }

    /// What the engine is to be told of when a file that may have been written is closed or looked at again.
    ///
    /// It counts as told when it has been: who closes the file while another is about to tell tells as well, since what
    /// comes after the close must find the change noted.
    pub(super) fn note_if_changed(&self, node: &Node, stat: &StoreStat, by: &crate::engine::Requester) {
        let Some(real) = node.real() else { return };
        let version = Version::from(stat);
        let before = {
            let mut told = real.told.lock();
            told.pages = Some(version);
            if told.engine == Some(version) {
                return;
            }
            told.engine
        };
        // Of a file that has lost its name there is nothing to index.
        if stat.nlink > 0
            && let Some((notebook, path)) = node.in_notebook()
        {
            self.note(&notebook, ChangeOp::Written, path, by.clone());
        }
        let mut told = real.told.lock();
        if told.engine == before {
            told.engine = Some(version);
        }
    }
}

/// Something is about to be moved. In another notebook it keeps its number, and so does all in it: the kernel holds
/// them, and so may programs. Before it is there, since who meets it there would give it another.
fn carry_numbers(stat: &StoreStat, (parent, name): (&Arc<Node>, &OsStr), to: &Node) {
    let (Some((old, folder)), Some(new)) = (parent.in_notebook(), to.notebook()) else { return };
    if old.number == new.number {
        return;
    }
    new.carry_number(stat, old.node_number(stat));
    if stat.kind == FileKind::Directory
        && let Ok(path) = folder.join(name.as_encoded_bytes())
    {
        new.carry_folder(&old, &path);
    }
}
