//! The commands of a shell, as far as a lint needs them.

/// One simple command: its words without quotation marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Where its first word begins.
    pub(super) at: usize,
    words: Vec<String>,
}

impl Command {
    /// The command of an exec form.
    pub(super) fn of_words(at: usize, words: Vec<String>) -> Self {
        Self { at, words }
    }

    /// The same command, at another place.
    pub(super) fn moved(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The name without its folder; the words `sudo`, `if` and the like, and variables in front, are passed over.
    pub(super) fn name(&self) -> &str {
        let name = self.words.get(self.first()).map_or("", String::as_str);
        name.rsplit('/').next().unwrap_or_default()
    }

    /// The words after the name.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(self.first() + 1).map(String::as_str)
    }

    /// The first word after the name that is not an option: `install` of `apt-get -y install`.
    pub(super) fn verb(&self) -> &str {
        self.arguments().find(|word| !word.starts_with('-')).unwrap_or_default()
    }

    /// The script of `sh -c SCRIPT`.
    pub(super) fn script(&self) -> Option<&str> {
        let is_shell = matches!(self.name(), "sh" | "bash" | "ash" | "dash");
        let mut arguments =
            self.arguments().skip_while(|word| !(word.starts_with('-') && word.ends_with('c')));
        arguments.next().filter(|_| is_shell)?;
        arguments.next()
    }

    fn first(&self) -> usize {
        const PREFIXES: [&str; 15] = [
            "sudo", "env", "exec", "time", "command", "if", "then", "else", "elif", "while", "until", "do",
            "!", "{", "nice",
        ];
        let is_prefix = |word: &String| PREFIXES.contains(&word.as_str()) || is_assignment(word);
        self.words.iter().take_while(|word| is_prefix(word)).count()
    }
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The commands of a script. `at` is where the script begins, `escape` the character that continues a line.
///
/// Comments that are on lines of their own are left out; separators within quotation marks separate nothing.
pub(super) fn commands(script: &str, at: usize, escape: char) -> Vec<Command> {
    let mut reader = Reader { commands: Vec::new(), words: Vec::new(), word: None, command_at: 0 };
    let mut characters = script.char_indices().peekable();
    let mut quote = None;
    let mut line_start = true;
    while let Some((index, character)) = characters.next() {
        let here = at + index;
        if line_start && character == '#' && quote.is_none() {
            while characters.next_if(|(_, next)| *next != '\n').is_some() {}
            // The break after a comment does not end a command that goes on.
            characters.next();
            continue;
        }
        line_start = character == '\n' || line_start && character.is_whitespace();
        match (quote, character) {
            (Some('\''), '\'') => quote = None,
            (Some('\''), _) => reader.push(here, character),
            (_, character) if character == escape || character == '\\' => {
                let rest = script.get(index + character.len_utf8()..).unwrap_or_default();
                let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
                if character == escape && rest.get(blanks..).is_some_and(|rest| rest.starts_with('\n')) {
                    for _ in 0..=blanks {
                        characters.next();
                    }
                    line_start = true;
                    if quote.is_none() {
                        reader.end_word();
                    }
                } else if let Some((_, next)) = characters.next() {
                    reader.push(here, next);
                }
            }
            (Some(open), character) if open == character => quote = None,
            (Some(_), _) => reader.push(here, character),
            (None, '"' | '\'') => {
                quote = Some(character);
                reader.begin_word(here);
            }
            (None, ';' | '&' | '|' | '(' | ')' | '\n') => reader.end_command(),
            (None, character) if character.is_whitespace() => reader.end_word(),
            (None, character) => reader.push(here, character),
        }
    }
    reader.end_command();
    reader.commands
}

struct Reader {
    commands: Vec<Command>,
    words: Vec<String>,
    word: Option<String>,
    command_at: usize,
}

impl Reader {
    fn begin_word(&mut self, at: usize) {
        if self.word.is_none() {
            if self.words.is_empty() {
                self.command_at = at;
            }
            self.word = Some(String::new());
        }
    }

    fn push(&mut self, at: usize, character: char) {
        self.begin_word(at);
        if let Some(word) = &mut self.word {
            word.push(character);
        }
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words);
            self.commands.push(Command { at: self.command_at, words });
        }
    }
}
