//! Files of environment variables.

use std::iter::Peekable;
use std::str::CharIndices;

/// A variable with the byte range of its key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) at: (usize, usize),
}

/// What is wrong with a line, and the byte range of the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) message: &'static str,
    pub(super) at: (usize, usize),
}

/// Every variable of the file in the order of writing, or what is wrong with the line.
pub(super) fn read(text: &str) -> Vec<Result<Variable, BadLine>> {
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut reader = Reader {
        text,
        rest: text.char_indices().peekable(),
    };
    reader.rest.next_if(|(at, _)| *at < start);
    let mut lines = Vec::new();
    while let Some(line) = reader.line() {
        lines.push(line);
    }
    lines
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
}

impl Reader<'_> {
    /// The next line that says something.
    fn line(&mut self) -> Option<Result<Variable, BadLine>> {
        loop {
            self.skip(char::is_whitespace);
            match self.rest.peek() {
                None => return None,
                Some((_, '#')) => drop(self.rest_of_line()),
                Some(_) => break,
            }
        }
        let start = self.offset();
        let line = self.variable(start);
        if line.is_err() {
            self.rest_of_line();
        }
        Some(line.map_err(|message| BadLine {
            message,
            at: (start, self.line_end(start)),
        }))
    }

    fn variable(&mut self, start: usize) -> Result<Variable, &'static str> {
        let mut at = start;
        let mut key = self.key();
        if key == "export"
            && self
                .rest
                .peek()
                .is_some_and(|(_, c)| matches!(c, ' ' | '\t'))
        {
            self.skip(|c| matches!(c, ' ' | '\t'));
            at = self.offset();
            key = self.key();
        }
        if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(
                "a key begins with a letter or `_` and goes on with letters, digits, `_`, `.` and `-`",
            );
        }
        let end = self.offset();
        self.skip(|c| matches!(c, ' ' | '\t'));
        if self.rest.next_if(|(_, c)| *c == '=').is_none() {
            return Err("a key needs a value: write `KEY=value`");
        }
        self.skip(|c| matches!(c, ' ' | '\t'));
        Ok(Variable {
            key,
            value: self.value()?,
            at: (at, end),
        })
    }

    fn key(&mut self) -> String {
        let mut key = String::new();
        while let Some((_, c)) = self
            .rest
            .next_if(|(_, c)| c.is_ascii_alphanumeric() || "_.-".contains(*c))
        {
            key.push(c);
        }
        key
    }

    fn value(&mut self) -> Result<String, &'static str> {
        let quote = self
            .rest
            .next_if(|(_, c)| matches!(c, '\'' | '"'))
            .map(|(_, c)| c);
        let Some(quote) = quote else {
            return Ok(self.bare());
        };
        let value = self.quoted(quote)?;
        match self.rest_of_line().trim_start() {
            "" => Ok(value),
            rest if rest.starts_with('#') => Ok(value),
            _ => Err("something follows the closing quote"),
        }
    }

    /// Ends at the end of the line, or before a comment.
    fn bare(&mut self) -> String {
        let line = self.rest_of_line();
        let comment = line
            .char_indices()
            .zip(line.chars().skip(1))
            .find(|((_, before), c)| before.is_whitespace() && *c == '#');
        let end = if line.starts_with('#') {
            0
        } else {
            comment.map_or(line.len(), |((at, _), _)| at)
        };
        line[..end].trim_end().to_owned()
    }

    fn quoted(&mut self, quote: char) -> Result<String, &'static str> {
        let mut value = String::new();
        loop {
            match self.rest.next() {
                None => return Err("the quote is never closed"),
                Some((_, c)) if c == quote => return Ok(value),
                Some((_, '\\')) if quote == '"' => value.push(self.escape()?),
                Some((_, '\r')) if self.rest.peek().is_some_and(|(_, c)| *c == '\n') => {}
                Some((_, c)) => value.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, &'static str> {
        match self.rest.next() {
            Some((_, 'n')) => Ok('\n'),
            Some((_, 't')) => Ok('\t'),
            Some((_, 'r')) => Ok('\r'),
            Some((_, c @ ('"' | '\\' | '$'))) => Ok(c),
            Some(_) | None => Err("escapes are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\` and `\\$`"),
        }
    }

    fn skip(&mut self, what: impl Fn(char) -> bool) {
        while self.rest.next_if(|(_, c)| what(*c)).is_some() {}
    }

    /// What is left of the line, which is then behind us.
    fn rest_of_line(&mut self) -> String {
        let start = self.offset();
        let end = self.line_end(start);
        while self.rest.next_if(|(at, _)| *at < end).is_some() {}
        self.text[start..end].trim_end_matches('\r').to_owned()
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..]
            .find('\n')
            .map_or(self.text.len(), |length| from + length)
    }

    fn offset(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text)
            .into_iter()
            .map(|line| line.expect("a variable"))
            .map(|v| (v.key, v.value))
            .collect()
    }

    #[test]
    fn values_come_bare_and_in_both_kinds_of_quotes() {
        let text = "\u{feff}# comment\r\nA=1\r\n\nexport B = two words  # comment\nC='$HOME \\n'\nD=\"a\\nb\\\"\"  # c\nE=\nF=#x\nG=a#b\nH='x\ny'\nexport=1";
        let wanted = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "$HOME \\n"),
            ("D", "a\nb\""),
            ("E", ""),
            ("F", ""),
            ("G", "a#b"),
            ("H", "x\ny"),
            ("export", "1"),
        ];
        assert_eq!(
            pairs(text),
            wanted.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_bad_line_is_told_and_the_rest_is_read() {
        let text = "A\n1B=x\nC=\"x\" y\nD=\"\\q\"\nE=ok\n";
        let found = read(text);
        let bad: Vec<&str> = found
            .iter()
            .filter_map(|line| line.as_ref().err())
            .map(|bad| &text[bad.at.0..bad.at.1])
            .collect();
        assert_eq!(bad, ["A", "1B=x", "C=\"x\" y", "D=\"\\q\""]);
        assert!(matches!(found.last(), Some(Ok(Variable { key, .. })) if key == "E"));
    }

    #[test]
    fn an_open_quote_ends_the_file() {
        assert_eq!(
            read("A='x\nB=1"),
            [Err(BadLine {
                message: "the quote is never closed",
                at: (0, 4)
            })]
        );
    }
}
