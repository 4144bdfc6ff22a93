//! Between serde's data model and [`Value`].

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serialize, Serializer};

use super::Value;

/// A value that has no canonical form, such as a float.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has no canonical form")]
pub struct NotCanonical(pub(super) String);

impl ser::Error for NotCanonical {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Made = Result<Value, NotCanonical>;

pub(super) struct IntoValue;

impl Serializer for IntoValue {
    type Ok = Value;
    type Error = NotCanonical;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Variant<List>;
    type SerializeMap = Map;
    type SerializeStruct = Map;
    type SerializeStructVariant = Variant<Map>;

    fn serialize_bool(self, v: bool) -> Made {
        Ok(Value::Bool(v))
    }
    fn serialize_i8(self, v: i8) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i16(self, v: i16) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i32(self, v: i32) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i64(self, v: i64) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i128(self, v: i128) -> Made {
        Ok(Value::Int(v))
    }
    fn serialize_u8(self, v: u8) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_u16(self, v: u16) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_u32(self, v: u32) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_u64(self, v: u64) -> Made {
        Ok(Value::Int(v.into()))
    }
    fn serialize_f32(self, v: f32) -> Made {
        Err(NotCanonical(format!("the float {v}")))
    }
    fn serialize_f64(self, v: f64) -> Made {
        Err(NotCanonical(format!("the float {v}")))
    }
    fn serialize_char(self, v: char) -> Made {
        Ok(Value::Text(v.to_string()))
    }
    fn serialize_str(self, v: &str) -> Made {
        Ok(Value::Text(v.to_owned()))
    }
    fn serialize_bytes(self, _: &[u8]) -> Made {
        Err(NotCanonical("a byte string".to_owned()))
    }
    fn serialize_none(self) -> Made {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Made {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Made {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Made {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Made {
        Ok(Value::Text(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Made {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Made {
        Ok(tagged(variant, value.serialize(Self)?))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<List, NotCanonical> {
        Ok(List(Vec::with_capacity(len.unwrap_or(0))))
    }
    fn serialize_tuple(self, len: usize) -> Result<List, NotCanonical> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<List, NotCanonical> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Variant<List>, NotCanonical> {
        Ok(Variant {
            name: variant,
            body: self.serialize_seq(Some(len))?,
        })
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Map, NotCanonical> {
        Ok(Map::default())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map, NotCanonical> {
        Ok(Map::default())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Map>, NotCanonical> {
        Ok(Variant {
            name: variant,
            body: Map::default(),
        })
    }
}

fn tagged(name: &str, body: Value) -> Value {
    Value::Map(BTreeMap::from([(name.to_owned(), body)]))
}

pub(super) struct List(Vec<Value>);

#[derive(Default)]
pub(super) struct Map {
    entries: BTreeMap<String, Value>,
    key: Option<String>,
}

pub(super) struct Variant<B> {
    name: &'static str,
    body: B,
}

impl List {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.0.push(value.serialize(IntoValue)?);
        Ok(())
    }
}

impl Map {
    fn insert<T: Serialize + ?Sized>(
        &mut self,
        key: String,
        value: &T,
    ) -> Result<(), NotCanonical> {
        self.entries.insert(key, value.serialize(IntoValue)?);
        Ok(())
    }
}

impl ser::SerializeSeq for List {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.push(value)
    }
    fn end(self) -> Made {
        Ok(Value::List(self.0))
    }
}

impl ser::SerializeTuple for List {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.push(value)
    }
    fn end(self) -> Made {
        Ok(Value::List(self.0))
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.push(value)
    }
    fn end(self) -> Made {
        Ok(Value::List(self.0))
    }
}

impl ser::SerializeTupleVariant for Variant<List> {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.body.push(value)
    }
    fn end(self) -> Made {
        Ok(tagged(self.name, Value::List(self.body.0)))
    }
}

impl ser::SerializeMap for Map {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotCanonical> {
        match key.serialize(IntoValue)? {
            Value::Text(key) => {
                self.key = Some(key);
                Ok(())
            }
            other => Err(NotCanonical(format!("the map key {other:?}"))),
        }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        let key = self
            .key
            .take()
            .ok_or_else(|| NotCanonical("a value without a key".to_owned()))?;
        self.insert(key, value)
    }
    fn end(self) -> Made {
        Ok(Value::Map(self.entries))
    }
}

impl ser::SerializeStruct for Map {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), NotCanonical> {
        self.insert(key.to_owned(), value)
    }
    fn end(self) -> Made {
        Ok(Value::Map(self.entries))
    }
}

impl ser::SerializeStructVariant for Variant<Map> {
    type Ok = Value;
    type Error = NotCanonical;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), NotCanonical> {
        self.body.insert(key.to_owned(), value)
    }
    fn end(self) -> Made {
        Ok(tagged(self.name, Value::Map(self.body.entries)))
    }
}

pub(super) struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without floats")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Int(v.into()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Int(v.into()))
    }
    fn visit_i128<E>(self, v: i128) -> Result<Value, E> {
        Ok(Value::Int(v))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::Text(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::Text(v))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = from.next_element()? {
            all.push(value);
        }
        Ok(Value::List(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((key, value)) = from.next_entry()? {
            all.insert(key, value);
        }
        Ok(Value::Map(all))
    }
}
