//! The bytes that are hashed of a value: for each part a type tag, then a length for all that has
//! one, then the content. Members of structs and maps stand in order of their names, so that the
//! bytes of a type are those of its [`Value`](super::Value), which need not be made for it.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use serde::ser::{self, Serialize, Serializer};

use super::NotCanonical;

type Done = Result<(), NotCanonical>;

/// Room for the bytes of a usual payload, and for the members of the structs that are open in it.
const USUAL: (usize, usize) = (2048, 64);

struct Bytes {
    /// All that is there so far.
    written: Vec<u8>,
    /// Of the maps that are not yet ended, in the order they came.
    members: Vec<Member>,
    /// Where members are put in order.
    aside: Vec<u8>,
}

/// A member of a map that is not yet ended.
#[derive(Clone, Copy)]
struct Member {
    /// How its name begins, as a number of the same order: most names differ there.
    name: u64,
    start: usize,
    /// Known when all members are.
    end: usize,
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
        aside: Vec::with_capacity(length),
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
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Done {
        self.0.written.push(b's');
        let start = self.0.written.len();
        length(&mut self.0.written, 0);
        write!(Text(&mut self.0.written), "{value}").expect("there is room in memory");
        let length = self.0.written.len() - start - LENGTH;
        count(&mut self.0.written, start, length);
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

/// Takes what is printed.
struct Text<'a>(&'a mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Writes the length, or the number of parts, where room was left for it.
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
    fn member<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Done {
        let start = self.to.written.len();
        text(&mut self.to.written, key);
        self.begin(start);
        write(self.to, value)
    }

    /// Notes a member whose name is all that is written from `start` on.
    fn begin(&mut self, start: usize) {
        let name = beginning(&self.to.written[start + LENGTH..]);
        let end = start;
        self.to.members.push(Member { name, start, end });
    }

    fn end(self) {
        let Self { to, start, first } = self;
        let own = &mut to.members[first..];
        count(&mut to.written, start, own.len());
        if !own.is_sorted_by(|one, next| order(&to.written, one, next).is_le()) {
            sort(&mut to.written, own, &mut to.aside);
        }
        to.members.truncate(first);
    }
}

/// The first eight bytes of a name, zeros where it is shorter.
fn beginning(name: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = name.len().min(first.len());
    first[..length].copy_from_slice(&name[..length]);
    u64::from_be_bytes(first)
}

/// The order of two members by their names.
fn order(bytes: &[u8], one: &Member, other: &Member) -> Ordering {
    let names = || name_at(bytes, one.start).cmp(name_at(bytes, other.start));
    one.name.cmp(&other.name).then_with(names)
}

/// The name of the member that begins there.
fn name_at(bytes: &[u8], at: usize) -> &[u8] {
    let (length, rest) = bytes[at..].split_at(LENGTH);
    let length = u64::from_le_bytes(length.try_into().expect("a length has eight bytes"));
    &rest[..usize::try_from(length).expect("it is in memory")]
}

/// Puts the members at the end of what is written in order of name.
fn sort(written: &mut [u8], members: &mut [Member], aside: &mut Vec<u8>) {
    let first = members[0].start;
    let mut end = written.len();
    for member in members.iter_mut().rev() {
        member.end = end;
        end = member.start;
    }
    members.sort_by(|one, other| order(written, one, other));
    aside.clear();
    for member in members {
        aside.extend_from_slice(&written[member.start..member.end]);
    }
    written[first..].copy_from_slice(aside);
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
        self.begin(start);
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
