//! The bytes that are hashed of a value: for each part a type tag, then a length for all that has
//! one, then the content. Members of structs and maps stand in order of their names, so that the
//! bytes of a type are those of its [`Value`](super::Value), which need not be made for it.

use serde::ser::{self, Serialize, Serializer};

use super::NotCanonical;

type Done = Result<(), NotCanonical>;

/// Room for the bytes of a usual payload, and for the members of the structs that are open in it.
const USUAL: (usize, usize) = (2048, 64);

/// What is written, and where each member of the maps that are not yet ended begins, in the order
/// they came.
struct Bytes {
    written: Vec<u8>,
    members: Vec<usize>,
}

/// The canonical bytes of `value` after those of a few words.
///
/// # Errors
/// A float, a byte string or a map key that is no string: none of them has one canonical form.
pub(crate) fn bytes<T: Serialize + ?Sized>(
    words: &[&str],
    value: &T,
) -> Result<Vec<u8>, NotCanonical> {
    let (length, members) = USUAL;
    let mut bytes = Bytes {
        written: Vec::with_capacity(length),
        members: Vec::with_capacity(members),
    };
    for word in words {
        text(&mut bytes.written, word);
    }
    write(&mut bytes, value)?;
    Ok(bytes.written)
}

fn write<T: Serialize + ?Sized>(to: &mut Bytes, value: &T) -> Done {
    value.serialize(Writer(to))
}

pub(crate) fn text(to: &mut Vec<u8>, text: &str) {
    length(to, text.len());
    to.extend_from_slice(text.as_bytes());
}

fn length(to: &mut Vec<u8>, length: usize) {
    to.extend_from_slice(&(length as u64).to_le_bytes());
}

struct Writer<'a>(&'a mut Bytes);

impl<'a> Writer<'a> {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "every method of the trait gives this back"
    )]
    fn int(self, int: i128) -> Done {
        self.0.written.push(b'i');
        self.0.written.extend_from_slice(&int.to_le_bytes());
        Ok(())
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "every method of the trait gives this back"
    )]
    fn null(self) -> Done {
        self.0.written.push(b'n');
        Ok(())
    }

    /// The map of one member that stands for a variant with something in it.
    fn variant(self, name: &str) -> Writer<'a> {
        self.0.written.push(b'm');
        length(&mut self.0.written, 1);
        text(&mut self.0.written, name);
        self
    }

    fn list(self) -> List<'a> {
        self.0.written.push(b'l');
        let start = self.0.written.len();
        length(&mut self.0.written, 0);
        List {
            to: self.0,
            start,
            items: 0,
        }
    }

    fn map(self) -> Map<'a> {
        self.0.written.push(b'm');
        let start = self.0.written.len();
        length(&mut self.0.written, 0);
        let first = self.0.members.len();
        Map {
            to: self.0,
            start,
            first,
        }
    }
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = NotCanonical;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Map<'a>;
    type SerializeStructVariant = Map<'a>;

    fn serialize_bool(self, v: bool) -> Done {
        self.0.written.push(if v { b't' } else { b'f' });
        Ok(())
    }
    fn serialize_i8(self, v: i8) -> Done {
        self.int(v.into())
    }
    fn serialize_i16(self, v: i16) -> Done {
        self.int(v.into())
    }
    fn serialize_i32(self, v: i32) -> Done {
        self.int(v.into())
    }
    fn serialize_i64(self, v: i64) -> Done {
        self.int(v.into())
    }
    fn serialize_i128(self, v: i128) -> Done {
        self.int(v)
    }
    fn serialize_u8(self, v: u8) -> Done {
        self.int(v.into())
    }
    fn serialize_u16(self, v: u16) -> Done {
        self.int(v.into())
    }
    fn serialize_u32(self, v: u32) -> Done {
        self.int(v.into())
    }
    fn serialize_u64(self, v: u64) -> Done {
        self.int(v.into())
    }
    fn serialize_f32(self, v: f32) -> Done {
        Err(NotCanonical(format!("the float {v}")))
    }
    fn serialize_f64(self, v: f64) -> Done {
        Err(NotCanonical(format!("the float {v}")))
    }
    fn serialize_char(self, v: char) -> Done {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, v: &str) -> Done {
        self.0.written.push(b's');
        text(&mut self.0.written, v);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Done {
        Err(NotCanonical("a byte string".to_owned()))
    }
    fn serialize_none(self) -> Done {
        self.null()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Done {
        self.null()
    }
    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.null()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        value.serialize(self.variant(variant))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, NotCanonical> {
        Ok(self.list())
    }
    fn serialize_tuple(self, _: usize) -> Result<List<'a>, NotCanonical> {
        Ok(self.list())
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, NotCanonical> {
        Ok(self.list())
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, NotCanonical> {
        Ok(self.variant(variant).list())
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Map<'a>, NotCanonical> {
        Ok(self.map())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map<'a>, NotCanonical> {
        Ok(self.map())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Map<'a>, NotCanonical> {
        Ok(self.variant(variant).map())
    }
}

/// Writes the number of parts where room was left for it.
fn count(to: &mut [u8], start: usize, parts: usize) {
    to[start..start + LENGTH].copy_from_slice(&(parts as u64).to_le_bytes());
}

/// Bytes of a length.
const LENGTH: usize = size_of::<u64>();

struct List<'a> {
    to: &'a mut Bytes,
    /// Where the length is.
    start: usize,
    items: usize,
}

impl List<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.items += 1;
        write(self.to, value)
    }

    fn end(self) {
        count(&mut self.to.written, self.start, self.items);
    }
}

struct Map<'a> {
    to: &'a mut Bytes,
    /// Where the length is.
    start: usize,
    /// The first of its own members among all that are open.
    first: usize,
}

impl Map<'_> {
    fn key(&mut self, key: &str) {
        self.to.members.push(self.to.written.len());
        text(&mut self.to.written, key);
    }

    fn member<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Done {
        self.key(key);
        write(self.to, value)
    }

    fn end(self) {
        let Self { to, start, first } = self;
        let Bytes { written, members } = to;
        let own = &members[first..];
        count(written, start, own.len());
        let name = |at: &usize| name_at(written, *at);
        if !own.is_sorted_by(|one, next| name(one) <= name(next)) {
            let sorted = sorted(written, own);
            written.truncate(start + LENGTH);
            written.extend_from_slice(&sorted);
        }
        members.truncate(first);
    }
}

/// The name of the member that begins there.
fn name_at(bytes: &[u8], at: usize) -> &[u8] {
    let (length, rest) = bytes[at..].split_at(LENGTH);
    let length = u64::from_le_bytes(length.try_into().expect("a length has eight bytes"));
    &rest[..usize::try_from(length).expect("it is in memory")]
}

/// The members one after another, in order of name.
fn sorted(bytes: &[u8], members: &[usize]) -> Vec<u8> {
    let ends = members.iter().skip(1).copied().chain([bytes.len()]);
    let mut parts: Vec<&[u8]> = members
        .iter()
        .zip(ends)
        .map(|(from, to)| &bytes[*from..to])
        .collect();
    parts.sort_by_key(|part| name_at(part, 0));
    parts.concat()
}

/// The traits of lists and structs, which differ in the names of their methods.
macro_rules! parts {
    ($($of:ident: $name:ident $push:ident($($key:ident)?) as $method:ident;)*) => {$(
        impl ser::$name for $of<'_> {
            type Ok = ();
            type Error = NotCanonical;
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Done {
                self.$push($($key,)? value)
            }
            fn end(self) -> Done {
                self.end();
                Ok(())
            }
        }
    )*};
}

parts! {
    List: SerializeSeq push() as serialize_element;
    List: SerializeTuple push() as serialize_element;
    List: SerializeTupleStruct push() as serialize_field;
    List: SerializeTupleVariant push() as serialize_field;
    Map: SerializeStruct member(key) as serialize_field;
    Map: SerializeStructVariant member(key) as serialize_field;
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = NotCanonical;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        let start = self.to.written.len();
        write(self.to, key)?;
        if self.to.written[start] != b's' {
            return Err(NotCanonical("a map key that is no text".to_owned()));
        }
        // A name stands without the tag of a text.
        self.to.written.remove(start);
        self.to.members.push(start);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        write(self.to, value)
    }
    fn end(self) -> Done {
        self.end();
        Ok(())
    }
}
