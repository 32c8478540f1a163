//! Passwords that the inventory does not hold: in the environment of this process, or printed by a
//! program such as `pass`, `sops` or a keyring's client.

use std::collections::HashMap;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use intent::inventory::Password;
use secrecy::SecretString;

/// How long what a program printed is used again: a fleet that shares one password asks once.
const KEPT: Duration = Duration::from_secs(60);

/// How long a program may take.
const TIME: Duration = Duration::from_secs(10);

/// Most bytes of a password.
const MOST: u64 = 4096;

/// Finds passwords on this machine. Clones share what they found.
#[derive(Clone, Default)]
pub struct Passwords {
    found: Arc<Mutex<HashMap<Vec<String>, Found>>>,
}

struct Found {
    at: Instant,
    password: Result<SecretString, String>,
}

impl Passwords {
    /// The password that the command prints or the variable holds.
    ///
    /// # Errors
    ///
    /// A sentence that says where it was looked for and what is wrong there, without anything that
    /// a program printed.
    pub fn find(&self, password: &Password) -> Result<SecretString, String> {
        password.reveal(|elsewhere| match elsewhere {
            Password::Env(name) => from_environment(name),
            Password::Command(words) => self.by_command(words),
            Password::Literal(password) => Ok(password.clone()),
        })
    }

    /// Errors are kept for as long, so that one program that fails does not run once per device.
    fn by_command(&self, words: &[String]) -> Result<SecretString, String> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|_, found| found.at.elapsed() < KEPT);
        if let Some(found) = found.get(words) {
            return found.password.clone();
        }
        let password = run(words);
        found.insert(words.to_vec(), Found { at: Instant::now(), password: password.clone() });
        password
    }
}

fn from_environment(name: &str) -> Result<SecretString, String> {
    match std::env::var(name) {
        Ok(password) if !password.is_empty() => Ok(password.into()),
        _ => Err(format!("its password is to come from environment variable {name}, which is not set")),
    }
}

fn run(words: &[String]) -> Result<SecretString, String> {
    let program = words.first().map_or("", String::as_str);
    let fault = |what: String| format!("its password is to come from the command {program}, which {what}");
    let mut command = Command::new(program);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| fault(format!("cannot be run: {error}")))?;
    // Read while it runs: a program that prints more than a pipe holds would wait for ever.
    let printed = child.stdout.take().map(|out| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            out.take(MOST).read_to_end(&mut bytes).map(|_| bytes)
        })
    });
    let Some(success) = wait(&mut child) else {
        return Err(fault(format!("has not ended within {} seconds", TIME.as_secs())));
    };
    if !success {
        return Err(fault("has failed; run it in a terminal to see why".to_owned()));
    }
    let bytes = printed.and_then(|thread| thread.join().ok()).and_then(Result::ok).unwrap_or_default();
    let text = String::from_utf8(bytes).map_err(|_| fault("printed no UTF-8 text".to_owned()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.into()),
        _ => Err(fault("printed nothing in its first line".to_owned())),
    }
}

/// Whether the program succeeded; nothing if it took too long and was ended.
fn wait(child: &mut Child) -> Option<bool> {
    let begun = Instant::now();
    while begun.elapsed() < TIME {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn command(words: &[&str]) -> Password {
        Password::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn find(password: &Password) -> Result<String, String> {
        Passwords::default().find(password).map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_of_a_command_is_the_password() {
        assert_eq!(find(&command(&["printf", "pw with space\\nurl: x\\n"])), Ok("pw with space".to_owned()));
        assert_eq!(find(&Password::Literal("pw".into())), Ok("pw".to_owned()));
        assert!(find(&Password::Env("PATH".to_owned())).is_ok());
    }

    #[test]
    fn what_goes_wrong_is_said_without_what_was_printed() {
        for (password, said) in [
            (command(&["sh", "-c", "echo CANARY; exit 1"]), "the command sh, which has failed"),
            (command(&["no-such-program-of-naas"]), "cannot be run"),
            (command(&["true"]), "printed nothing"),
            (Password::Env("NAAS_NO_SUCH_VARIABLE".to_owned()), "variable NAAS_NO_SUCH_VARIABLE, which is not set"),
        ] {
            let error = find(&password).unwrap_err();

            assert!(error.contains(said) && !error.contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn a_command_runs_once_for_a_fleet() {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("echo >> {}/runs; echo pw", folder.path().display());
        let (passwords, password) = (Passwords::default(), command(&["sh", "-c", &script]));

        for _ in 0..3 {
            assert_eq!(passwords.find(&password).unwrap().expose_secret(), "pw");
        }

        assert_eq!(std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count(), 1);
    }
}
