//! Which properties payloads have: asked of the types themselves, so that the answer cannot be
//! out of date.

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::{Config, Network, Secret, Service, SwarmNode, Volume};
use crate::address::Kind;

/// What a property of a payload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Bool,
    Int,
    /// A text or a quantity.
    Text,
    /// A value of a map whose keys the author chooses.
    Entry,
    OneOf(&'static [&'static str]),
    List,
    Map,
    /// Only the value itself can tell.
    Any,
}

/// A word that a payload does not have, and those that it has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchWord {
    pub word: String,
    pub known: &'static [&'static str],
}

/// What a property of nodes at an address holds.
///
/// # Errors
/// No node of that kind has such a property, in whatever project.
pub fn holds(kind: Kind, part: Option<&str>, path: &[String]) -> Result<Holds, NoSuchWord> {
    match (kind, part) {
        (Kind::Service | Kind::Gateway, None) => walk::<Service>(path),
        (Kind::Node, None) => walk::<SwarmNode>(path),
        (Kind::Network, None) => walk::<Network>(path),
        (Kind::Volume, None) => walk::<Volume>(path),
        (Kind::Secret, None) => walk::<Secret>(path),
        (Kind::Config, None) => walk::<Config>(path),
        (Kind::Param | Kind::Registry | Kind::Certificate | Kind::Route | Kind::Flow, _)
        | (_, Some(_)) => Ok(Holds::Any),
    }
}

fn walk<'de, T: Deserialize<'de>>(path: &[String]) -> Result<Holds, NoSuchWord> {
    let mut found = Ok(Holds::Any);
    let step = Step {
        path,
        in_map: false,
        found: &mut found,
    };
    // It always ends in an error: there is no value, only the way to one.
    drop(T::deserialize(step));
    found
}

/// One step on the way to a property: it answers what it is asked for, and notes what that was.
struct Step<'p, 'f> {
    path: &'p [String],
    /// Whether the last step was a key of a map.
    in_map: bool,
    found: &'f mut Result<Holds, NoSuchWord>,
}

impl Step<'_, '_> {
    fn ends<T>(self, holds: Holds) -> Result<T, Error> {
        *self.found = match self.path.first() {
            Some(word) if holds != Holds::Any => Err(NoSuchWord {
                word: word.clone(),
                known: &[],
            }),
            Some(_) | None => Ok(holds),
        };
        Err(Error::custom("the way ends here"))
    }

    /// A text, or what a map of the author's holds.
    fn text<T>(self) -> Result<T, Error> {
        let holds = if self.in_map {
            Holds::Entry
        } else {
            Holds::Text
        };
        self.ends(holds)
    }
}

macro_rules! ends {
    ($($method:ident $holds:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            self.ends(Holds::$holds)
        }
    )*};
}

impl<'de> Deserializer<'de> for Step<'_, '_> {
    type Error = Error;

    ends! {
        deserialize_any Any, deserialize_ignored_any Any, deserialize_unit Any,
        deserialize_bytes Any, deserialize_byte_buf Any, deserialize_identifier Any,
        deserialize_bool Bool, deserialize_seq List,
        deserialize_i8 Int, deserialize_i16 Int, deserialize_i32 Int, deserialize_i64 Int,
        deserialize_i128 Int, deserialize_u8 Int, deserialize_u16 Int, deserialize_u32 Int,
        deserialize_u64 Int, deserialize_u128 Int, deserialize_f32 Int, deserialize_f64 Int
    }

    fn deserialize_str<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.text()
    }

    fn deserialize_string<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.text()
    }

    fn deserialize_char<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.text()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Error> {
        self.ends(Holds::Any)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        self.ends(Holds::List)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Error> {
        self.ends(Holds::List)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.into_map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.path.first() {
            Some(word) if !known.contains(&word.as_str()) => self.stray(known),
            Some(_) | None => Step {
                in_map: false,
                ..self
            }
            .into_fields(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        match self.path.first() {
            None => self.ends(Holds::OneOf(known)),
            Some(word) if known.contains(&word.as_str()) => self.ends(Holds::Any),
            Some(_) => self.stray(known),
        }
    }
}

impl Step<'_, '_> {
    fn stray<T>(self, known: &'static [&'static str]) -> Result<T, Error> {
        let word = self.path.first().cloned().unwrap_or_default();
        *self.found = Err(NoSuchWord { word, known });
        Err(Error::custom("there is no way on"))
    }

    fn into_map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        Step {
            in_map: true,
            ..self
        }
        .into_fields(visitor)
    }

    fn into_fields<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.path.split_first() {
            None => self.ends(Holds::Map),
            Some((key, path)) => visitor.visit_map(Field {
                key,
                value: Some(Self { path, ..self }),
            }),
        }
    }
}

/// A map with the one key that the way goes through.
struct Field<'p, 'f> {
    key: &'p str,
    value: Option<Step<'p, 'f>>,
}

impl<'de> MapAccess<'de> for Field<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        match self.value {
            Some(_) => seed.deserialize(StrDeserializer::new(self.key)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take();
        seed.deserialize(value.ok_or_else(|| Error::custom("there is one key"))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(path: &str) -> Result<Holds, NoSuchWord> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        holds(Kind::Service, None, &path)
    }

    #[test]
    fn the_types_say_what_a_property_holds() {
        for (path, expected) in [
            ("replicas", Holds::Int),
            ("image", Holds::Text),
            ("limits", Holds::Map),
            ("limits.memory", Holds::Text),
            ("env.ANY", Holds::Entry),
            ("command", Holds::List),
            ("cap-add", Holds::List),
            ("read-only", Holds::Bool),
            ("mode", Holds::OneOf(&["replicated", "global", "once"])),
            ("update.order", Holds::OneOf(&["start-first", "stop-first"])),
        ] {
            assert_eq!(service(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_word_that_no_payload_has_is_told_with_those_that_are_there() {
        let wrong = service("limits.memry").expect_err("there is no such word");
        assert_eq!(wrong.word, "memry");
        assert!(wrong.known.contains(&"memory"), "{wrong:?}");
        assert!(service("replicas.x").is_err());
    }
}
