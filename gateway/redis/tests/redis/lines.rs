//! What a thread logs.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

thread_local! {
    static COLLECTED: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

/// Lines are collected as long as it lives.
pub(crate) struct Collecting;

impl Lines {
    /// Of this thread, from now on. The subscriber is the whole process's: beside one that only this thread has, a line that a
    /// thread without any comes by first is taken to interest nobody.
    pub(crate) fn collect(&self) -> Collecting {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(|| ThisThread);
            tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
        });
        COLLECTED.set(Some(self.clone()));
        Collecting
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Removes the first line that has these words.
    pub(crate) fn take_one(&self, words: &str) -> Option<String> {
        let text = self.text();
        let line = text.lines().find(|line| line.contains(words))?.to_owned();
        let rest = text.replacen(&format!("{line}\n"), "", 1);
        *self.0.lock().unwrap() = rest.into_bytes();
        Some(line)
    }
}

impl Drop for Collecting {
    fn drop(&mut self) {
        COLLECTED.take();
    }
}

struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        COLLECTED.with_borrow(|lines| match lines {
            Some(lines) => lines.0.lock().unwrap().write(bytes),
            None => Ok(bytes.len()),
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
