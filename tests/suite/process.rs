//! A child process that never outlives its test, and its output as it comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::Value;

use super::harness::{PATIENCE, eventually};

/// What a stream has said so far.
type Said = Arc<Mutex<Vec<u8>>>;

/// A child process; dropped, it is killed and waited for.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    stdout: Said,
    stderr: Said,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it with all its streams in our hands.
    pub(crate) fn start(mut command: Command) -> Self {
        let name = format!("{command:?}");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let (stdout, stderr) = (Said::default(), Said::default());
        let (tell, lines) = mpsc::channel();
        let readers = vec![
            read(child.stdout.take().unwrap(), Arc::clone(&stdout), move |line| {
                let _ = tell.send(line.to_vec());
            }),
            read(child.stderr.take().unwrap(), Arc::clone(&stderr), |_| {}),
        ];
        let stdin = child.stdin.take();
        Self { name, child, stdin, lines, stdout, stderr, readers }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input, which stays open.
    pub(crate) fn write(&mut self, input: &[u8]) {
        let stdin = self.stdin.as_mut().expect("its input is closed");
        stdin.write_all(input).and_then(|()| stdin.flush()).unwrap();
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of its standard output.
    pub(crate) fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => String::from_utf8(line).unwrap(),
            Err(error) => panic!("no line from {} ({error}); on stderr: {}", self.name, self.stderr()),
        }
    }

    /// The next line of its standard output as JSON.
    pub(crate) fn json(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// A line that has come and was not taken yet, if there is one.
    pub(crate) fn line_now(&mut self) -> Option<String> {
        self.lines.try_recv().ok().map(|line| String::from_utf8(line).unwrap())
    }

    /// The first line of its standard output that has `wanted` in it.
    pub(crate) fn line_with(&mut self, wanted: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// Waits until its standard error has `wanted` in it.
    pub(crate) fn says(&self, wanted: &str) {
        eventually(&format!("{wanted:?} from {}; it said: {}", self.name, self.stderr()), || {
            self.stderr().contains(wanted).then_some(())
        });
    }

    /// All it has said on standard output so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.stdout.lock().unwrap().clone()).unwrap()
    }

    /// All it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it ends by itself, and all of its output is there.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let (late, name) = (Instant::now() > until, &self.name);
            assert!(!late, "{name} does not end; it said: {}{}", self.stdout(), self.stderr());
            std::thread::sleep(std::time::Duration::from_millis(2));
        };
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        status
    }

    /// Sends it a signal, as `kill -NAME` does.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status().unwrap();
        assert!(sent.success(), "{} has no process {}", self.name, self.pid());
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        // One that has ended by itself is gone, too.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a stream to its end in the background.
fn read(
    stream: impl Read + Send + 'static,
    said: Said,
    tell: impl Fn(&[u8]) + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            said.lock().unwrap().extend_from_slice(&line);
            tell(line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
        }
    })
}
