//! What a config says when only the syntax of its language is known.

use serde_json::Value;

/// A config read back.
pub(crate) struct Read {
    /// Everything but the texts: directives, numbers of words, variables, keys.
    pub(crate) shape: Vec<String>,
    /// Every text, with its quoting and escapes undone.
    pub(crate) texts: Vec<String>,
}

/// nginx: words, `;`, `{`, `}` and `#`; quotes around words; `$name` in them.
pub(crate) fn nginx(text: &str) -> Read {
    let mut read = Read {
        shape: Vec::new(),
        texts: Vec::new(),
    };
    let mut words: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '#' => rest.split_once('\n').map_or("", |(_, rest)| rest),
            ';' | '{' | '}' => {
                depth -= usize::from(c == '}');
                read.shape.push(directive(depth, c, &words));
                read.texts.extend(
                    words
                        .drain(..)
                        .map(|word| word.replace("${skep_dollar}", "$")),
                );
                depth += usize::from(c == '{');
                &rest[1..]
            }
            '"' | '\'' => {
                let (word, behind) = quoted_by_nginx(rest);
                words.push(word);
                let ends = behind.starts_with([' ', '\n', ';', '{', ')']);
                assert!(ends, "a word runs on behind its quotes: {}", &behind[..40]);
                behind
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || ";{".contains(c))
                    .unwrap();
                words.push(rest[..end].to_owned());
                &rest[end..]
            }
        }
        .trim_start();
    }
    assert!(
        depth == 0 && words.is_empty(),
        "the config ends inside of something"
    );
    read
}

fn directive(depth: usize, end: char, words: &[String]) -> String {
    let name = words.first().map_or("", String::as_str);
    // The texts of these two are no place for variables.
    let literal = name == "location" || name == "server_name";
    let variables: Vec<String> = if literal {
        Vec::new()
    } else {
        words.iter().flat_map(|word| variables(word)).collect()
    };
    format!(
        "{depth} {name} {} {} {end}",
        words.len(),
        variables.join(" ")
    )
}

fn variables(word: &str) -> Vec<String> {
    let word = word.replace("${skep_dollar}", "");
    let after = word.split('$').skip(1);
    after
        .map(|text| {
            text.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "_{".contains(*c))
                .collect()
        })
        .collect()
}

fn quoted_by_nginx(text: &str) -> (String, &str) {
    let quote = text.chars().next().unwrap();
    let mut word = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            _ if c == quote => return (word, &text[at + 1..]),
            '\\' => match characters.next().unwrap().1 {
                escaped @ ('"' | '\'' | '\\') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            _ => word.push(c),
        }
    }
    panic!("quotes that never close");
}

/// HAProxy: a directive a line; quotes around parts of words; `%[..]` and `%x` in formats.
pub(crate) fn haproxy(text: &str) -> Read {
    let mut read = Read {
        shape: Vec::new(),
        texts: Vec::new(),
    };
    for line in text.lines() {
        let words = words_of_haproxy(line);
        let Some(name) = words.first() else { continue };
        let condition = words
            .iter()
            .position(|word| word == "if" || word == "unless");
        let formats: Vec<String> = words.iter().flat_map(|word| formats(word)).collect();
        let known = words
            .get(1)
            .filter(|_| name.starts_with("http-"))
            .map_or("", String::as_str);
        let indented = line.starts_with(' ');
        read.shape.push(format!(
            "{indented} {name} {known} {} {condition:?} {}",
            words.len(),
            formats.join(" ")
        ));
        read.texts
            .extend(words.into_iter().map(|word| word.replace("%%", "%")));
    }
    read
}

fn words_of_haproxy(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if quote.is_none() && (c == '#' || c == ' ') {
            if c == '#' {
                break;
            }
            inside = false;
            continue;
        }
        if !inside {
            words.push(String::new());
            inside = true;
        }
        let word = words.last_mut().unwrap();
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.extend(characters.next()),
            ('$', Some('"')) => panic!("the environment is read: {line}"),
            _ => word.push(c),
        }
    }
    assert_eq!(quote, None, "quotes that never close: {line}");
    words
}

/// What a format would put in from elsewhere.
fn formats(word: &str) -> Vec<String> {
    let word = word.replace("%%", "");
    word.split('%')
        .skip(1)
        .map(|text| text.chars().take_while(|c| !"]\"".contains(*c)).collect())
        .collect()
}

pub(crate) fn json(text: &str) -> Read {
    let mut read = Read {
        shape: Vec::new(),
        texts: Vec::new(),
    };
    walk(
        "",
        &serde_json::from_str(text).unwrap(),
        &mut |key, text| placeholders(key, text),
        &mut read,
    );
    read
}

/// Caddy's placeholders, but for escaped ones. Patterns have none.
fn placeholders(key: &str, text: &str) -> (String, String) {
    let plain = text.replace("\\{", "\u{1}").replace("\\}", "\u{2}");
    let found: Vec<&str> = if key == "pattern" || key == "find" {
        Vec::new()
    } else {
        plain
            .split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap_or_default())
            .collect()
    };
    (
        found.join(" "),
        plain.replace('\u{1}', "{").replace('\u{2}', "}"),
    )
}

/// YAML in which Traefik first looks for templates, and rules in a language of their own.
pub(crate) fn traefik(text: &str) -> Read {
    assert!(!text.contains("{{"), "a template: {text}");
    let mut read = Read {
        shape: Vec::new(),
        texts: Vec::new(),
    };
    let tree: Value = serde_saphyr::from_str(text).unwrap();
    walk(
        "",
        &tree,
        &mut |key, text| {
            (
                if key == "rule" {
                    rule(text)
                } else {
                    String::new()
                },
                text.to_owned(),
            )
        },
        &mut read,
    );
    read
}

/// A rule without its strings.
fn rule(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '"']) {
        shape.push_str(&rest[..at]);
        shape.push('_');
        let quote = rest.as_bytes()[at];
        let mut bytes = rest.bytes().enumerate().skip(at + 1);
        let end = loop {
            let (at, byte) = bytes.next().expect("a string that never closes");
            match byte {
                b'\\' if quote == b'"' => drop(bytes.next()),
                _ if byte == quote => break at,
                _ => {}
            }
        };
        rest = &rest[end + 1..];
    }
    shape + rest
}

fn walk(
    key: &str,
    value: &Value,
    read_text: &mut impl FnMut(&str, &str) -> (String, String),
    read: &mut Read,
) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                read.shape.push(format!("{{ {key}"));
                walk(key, value, read_text, read);
                read.shape.push("}".to_owned());
            }
        }
        Value::Array(list) => {
            for value in list {
                read.shape.push("[".to_owned());
                walk(key, value, read_text, read);
                read.shape.push("]".to_owned());
            }
        }
        Value::String(text) => {
            let (shape, text) = read_text(key, text);
            read.shape.push(format!("text {shape}"));
            read.texts.push(text);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => read.shape.push(value.to_string()),
    }
}
