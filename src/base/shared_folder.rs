//! Folders that another process removes when they are empty, while this one puts files into them.

use std::io;
use std::path::Path;

/// How often a folder may be removed by another process while a file is put into it.
const MAX_TRIES: u32 = 100;

/// Creates a folder and those above it, unless they exist.
///
/// # Errors
/// `NotFound` if another process has removed one of them in between. Any other error if they can't be created.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    match std::fs::create_dir_all(folder) {
        // Also the error of the standard library if the folder was there and is gone when it is looked at.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match std::fs::symlink_metadata(folder) {
            Ok(_) if folder.is_dir() => Ok(()),
            Ok(_) => Err(error),
            Err(now) => Err(now),
        },
        created => created,
    }
}

/// Does what fails with `NotFound` if another process removes the folder in between, until it succeeds.
///
/// # Errors
/// Any other error, and that of the last of [`MAX_TRIES`] tries.
pub(crate) fn retry_if_gone<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..MAX_TRIES {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => return done,
        }
    }
    work()
}

/// Does `work` a thousand times. Meanwhile another thread calls `remove`, which returns whether it has removed the folder:
/// at most once for each time.
#[cfg(test)]
pub(crate) fn work_while_removed<E>(
    remove: impl Fn() -> bool + Sync,
    mut work: impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    /// Ends the other thread, also if `work` panics.
    struct End<'a>(&'a AtomicUsize);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(TIMES, Ordering::Relaxed);
        }
    }
    const TIMES: usize = 1000;
    let (done, is_over) = (AtomicUsize::new(0), |done: &AtomicUsize| done.load(Ordering::Relaxed) >= TIMES);
    std::thread::scope(|scope| {
        let _end = End(&done);
        scope.spawn(|| {
            let mut removed = None;
            while !is_over(&done) {
                let now = done.load(Ordering::Relaxed);
                if removed != Some(now) && remove() {
                    removed = Some(now);
                } else {
                    std::thread::yield_now();
                }
            }
        });
        let mut results = (0..TIMES).map(|_| {
            let result = work();
            done.fetch_add(1, Ordering::Relaxed);
            result
        });
        results.try_for_each(|result| result)
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests create files")]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_removed_meanwhile_are_created_in_the_end() {
        let root = tempfile::tempdir().unwrap();
        let (outer, inner) = (root.path().join("outer"), root.path().join("outer/inner"));
        let remove = || std::fs::remove_dir(&inner).and_then(|()| std::fs::remove_dir(&outer)).is_ok();
        let put = || {
            create(&inner)?;
            std::fs::write(inner.join("file"), "x")?;
            std::fs::remove_file(inner.join("file"))
        };
        work_while_removed(remove, || retry_if_gone(put)).unwrap();
    }

    #[test]
    fn a_file_instead_of_a_folder_is_an_error_at_once() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert_eq!(create(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        if cfg!(unix) {
            assert_eq!(create(&file.join("inner")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        }
        let mut tries = 0;
        let missing = retry_if_gone(|| {
            tries += 1;
            std::fs::read(root.path().join("missing"))
        });
        assert_eq!((missing.unwrap_err().kind(), tries), (io::ErrorKind::NotFound, MAX_TRIES));
    }
}
