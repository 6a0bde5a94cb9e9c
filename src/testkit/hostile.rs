//! Text as an enemy would write it, and a model (or anything else that is data) with such text in every place that
//! holds text. Which places those are is not listed by hand: whatever serialises as a string is one.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::{self, SerializeMap, SerializeSeq};
use serde_json::{Map, Value};

/// A payload, and what it would do to a terminal that believed it.
pub const PAYLOADS: &[(&str, &str)] = &[
    ("clipboard", "\u{1b}]52;c;cm0gLXJmIC8K\u{7}"),
    ("clipboard, ST", "\u{1b}]52;c;cm0gLXJmIC8K\u{1b}\\"),
    ("clipboard read", "\u{1b}]52;c;?\u{7}"),
    ("link", "\u{1b}]8;;http://evil.example/\u{1b}\\x\u{1b}]8;;\u{1b}\\"),
    ("title", "\u{1b}]0;owned\u{7}"),
    ("title, C1", "\u{9d}2;owned\u{9c}"),
    ("icon", "\u{1b}]1;owned\u{7}"),
    ("palette", "\u{1b}]4;1;rgb:00/00/00\u{7}"),
    ("notification", "\u{1b}]9;owned\u{7}"),
    ("file transfer", "\u{1b}]1337;File=inline=1:AAAA\u{7}"),
    ("bell", "\u{7}"),
    ("back spaces", "\u{8}\u{8}\u{8}\u{8}fine"),
    ("carriage return", "\rALL FINE"),
    ("line feed", "a\nb"),
    ("CRLF", "a\r\nb"),
    ("form feed", "\u{c}\u{b}"),
    ("tab", "a\tb\t\tc"),
    ("NUL", "a\0b"),
    ("shift out", "\u{e}lqqk\u{f}"),
    ("DEL", "a\u{7f}b"),
    ("CAN and SUB", "\u{18}\u{1a}"),
    ("escape", "\u{1b}"),
    ("red", "\u{1b}[31mred"),
    ("red, C1", "\u{9b}31mred"),
    ("clear", "\u{1b}[2J\u{1b}[H"),
    ("reset", "\u{1b}c"),
    ("scroll region", "\u{1b}[1;2r"),
    ("alternate screen off", "\u{1b}[?1049l"),
    ("mouse on", "\u{1b}[?1003h\u{1b}[?1006h"),
    ("sync on", "\u{1b}[?2026h"),
    ("status query", "\u{1b}[6n\u{1b}[c\u{1b}[>c"),
    ("window ops", "\u{1b}[21t\u{1b}[8;1;1t"),
    ("repeat", "x\u{1b}[99999b"),
    ("DECRQSS", "\u{1b}P$qm\u{1b}\\"),
    ("sixel", "\u{1b}Pq#0;2;0;0;0\u{1b}\\"),
    ("APC", "\u{1b}_Ga=T;AAAA\u{1b}\\"),
    ("PM and SOS", "\u{1b}^x\u{1b}\\\u{1b}Xx\u{1b}\\"),
    ("open OSC", "\u{1b}]0;swallows all"),
    ("open CSI", "\u{1b}[31;1"),
    ("tmux passthrough", "\u{1b}Ptmux;\u{1b}\u{1b}]52;c;aGk=\u{7}\u{1b}\\"),
    ("C1, all", "\u{80}\u{84}\u{85}\u{88}\u{8d}\u{8e}\u{8f}\u{90}\u{98}\u{99}\u{9a}\u{9c}\u{9e}\u{9f}"),
    ("right to left", "exe.\u{202e}txt.hs"),
    ("isolates", "\u{2066}a\u{2067}b\u{2068}c\u{2069}"),
    ("marks of direction", "\u{200e}\u{200f}\u{61c}\u{202a}\u{202b}\u{202c}\u{202d}"),
    ("zero width", "pay\u{200b}ments\u{200c}\u{2060}\u{feff}"),
    ("soft hyphen", "pay\u{ad}ments"),
    ("line separators", "a\u{2028}b\u{2029}c"),
    ("invisible operators", "\u{2061}\u{2062}\u{2063}\u{2064}\u{2065}\u{206a}\u{206f}"),
    ("fillers", "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{180e}"),
    ("tags", "\u{e0001}\u{e0041}\u{e007f}"),
    ("selectors", "a\u{fe00}b\u{fe0f}c\u{e0100}"),
    ("specials", "\u{fff0}\u{fff8}\u{fff9}x\u{fffa}y\u{fffb}"),
    ("emoji family", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{fe0f}"),
    ("joiner flood", "\u{1f468}\u{200d}\u{1f468}\u{200d}\u{1f468}\u{200d}\u{1f468}\u{200d}\u{1f468}\u{200d}\u{1f468}"),
    ("skin tones", "\u{1f44d}\u{1f3fb}\u{1f3fc}\u{1f3fd}\u{1f3fe}\u{1f3ff}\u{1f3fb}\u{1f3fc}\u{1f3fd}"),
    ("private use", "\u{e0b0}\u{f8ff}\u{f0000}\u{10fffd}"),
    ("noncharacters", "\u{fdd0}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}"),
    ("musical", "\u{1d173}\u{1d17a}\u{1bca0}"),
    ("zalgo", "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{20dd}\u{20de}"),
    ("marks without a base", "\u{301}\u{302}\u{303}\u{304}\u{305}"),
    ("hangul stack", "\u{1100}\u{1161}\u{1161}\u{1161}\u{1161}\u{1161}\u{11a8}\u{11a8}"),
    ("prepended marks", "\u{600}\u{601}\u{602}\u{6dd}\u{110bd}x"),
    ("conjuncts", "\u{915}\u{94d}\u{915}\u{94d}\u{915}\u{94d}\u{915}\u{94d}\u{915}\u{94d}\u{915}"),
    ("wide", "\u{4f60}\u{597d}\u{4f60}\u{597d}\u{4f60}\u{597d}"),
    ("markup", "[red]x[/] <b>x</b> {{x}} %s ${x} `x`"),
    ("false mark", "(^)<U+202E>^["),
];

/// `n` accents on one letter.
pub fn accents(n: usize) -> String {
    format!("e{}", "\u{301}".repeat(n))
}

/// Characters that must not reach a terminal from outside, said a second time and not taken from the gate: C0, DEL, C1,
/// bidi, invisible, tags, private use, noncharacters.
pub fn forbidden(c: char) -> bool {
    let n = u32::from(c);
    matches!(n,
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff | 0xfdd0..=0xfdef
        | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff | 0xf0000..=0x10_ffff)
        || n & 0xfffe == 0xfffe
}

/// `it`, with every string in it (keys of maps too) made into `f(string)`. Names of variants and fields are not strings.
/// Equal strings stay equal, so what refers to something still finds it.
///
/// # Panics
/// `it` does not come back from its own data.
pub fn poisoned<T: Serialize + DeserializeOwned>(it: &T, f: &impl Fn(&str) -> String) -> T {
    let value = it.serialize(Poison(f)).unwrap_or_else(|e| panic!("does not serialise: {e}"));
    serde_json::from_value(value).unwrap_or_else(|e| panic!("does not come back: {e}"))
}

type Error = serde_json::Error;

struct Poison<'f, F>(&'f F);

impl<F> Clone for Poison<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F> Copy for Poison<'_, F> {}

/// A list, a map or a variant being filled.
struct Filling<'f, F> {
    poison: Poison<'f, F>,
    variant: Option<&'static str>,
    list: Vec<Value>,
    map: Map<String, Value>,
    key: String,
}

impl<'f, F: Fn(&str) -> String> Poison<'f, F> {
    fn filling(self, variant: Option<&'static str>) -> Filling<'f, F> {
        Filling { poison: self, variant, list: Vec::new(), map: Map::new(), key: String::new() }
    }
}

impl<F: Fn(&str) -> String> Filling<'_, F> {
    fn named(variant: Option<&'static str>, value: Value) -> Value {
        match variant {
            Some(name) => Value::Object([(name.to_owned(), value)].into_iter().collect()),
            None => value,
        }
    }
    fn add<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), Error> {
        self.list.push(v.serialize(self.poison)?);
        Ok(())
    }
    fn set<T: ?Sized + Serialize>(&mut self, key: &str, v: &T) -> Result<(), Error> {
        self.map.insert(key.to_owned(), v.serialize(self.poison)?);
        Ok(())
    }
    fn listed(self) -> Result<Value, Error> {
        Ok(Self::named(self.variant, Value::Array(self.list)))
    }
    fn mapped(self) -> Result<Value, Error> {
        Ok(Self::named(self.variant, Value::Object(self.map)))
    }
}

macro_rules! as_json {
    ($($name:ident $t:ty),*) => { $(fn $name(self, v: $t) -> Result<Value, Error> { serde_json::to_value(v) })* };
}

impl<'f, F: Fn(&str) -> String> ser::Serializer for Poison<'f, F> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Filling<'f, F>;
    type SerializeTuple = Filling<'f, F>;
    type SerializeTupleStruct = Filling<'f, F>;
    type SerializeTupleVariant = Filling<'f, F>;
    type SerializeMap = Filling<'f, F>;
    type SerializeStruct = Filling<'f, F>;
    type SerializeStructVariant = Filling<'f, F>;

    as_json!(serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_f32 f32, serialize_f64 f64,
        serialize_char char, serialize_bytes &[u8]);
    fn serialize_str(self, v: &str) -> Result<Value, Error> {
        Ok(Value::String((self.0)(v)))
    }
    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, v: &T) -> Result<Value, Error> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(Value::String(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, v: &T) -> Result<Value, Error> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<Value, Error> {
        Ok(Filling::<F>::named(Some(variant), v.serialize(self)?))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(None))
    }
    fn serialize_tuple(self, _: usize) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(None))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(None))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(Some(variant)))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(None))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(None))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Filling<'f, F>, Error> {
        Ok(self.filling(Some(variant)))
    }
}

impl<F: Fn(&str) -> String> SerializeSeq for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), Error> {
        self.add(v)
    }
    fn end(self) -> Result<Value, Error> {
        self.listed()
    }
}
impl<F: Fn(&str) -> String> ser::SerializeTuple for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), Error> {
        self.add(v)
    }
    fn end(self) -> Result<Value, Error> {
        self.listed()
    }
}
impl<F: Fn(&str) -> String> ser::SerializeTupleStruct for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), Error> {
        self.add(v)
    }
    fn end(self) -> Result<Value, Error> {
        self.listed()
    }
}
impl<F: Fn(&str) -> String> ser::SerializeTupleVariant for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), Error> {
        self.add(v)
    }
    fn end(self) -> Result<Value, Error> {
        self.listed()
    }
}
impl<F: Fn(&str) -> String> SerializeMap for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        self.key = match key.serialize(self.poison)? {
            Value::String(s) => s,
            other => other.to_string(),
        };
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.set(&key, v)
    }
    fn end(self) -> Result<Value, Error> {
        self.mapped()
    }
}
impl<F: Fn(&str) -> String> ser::SerializeStruct for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, v: &T) -> Result<(), Error> {
        self.set(key, v)
    }
    fn end(self) -> Result<Value, Error> {
        self.mapped()
    }
}
impl<F: Fn(&str) -> String> ser::SerializeStructVariant for Filling<'_, F> {
    type Ok = Value;
    type Error = Error;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, v: &T) -> Result<(), Error> {
        self.set(key, v)
    }
    fn end(self) -> Result<Value, Error> {
        self.mapped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::source::{SourceError, Trouble};

    #[test]
    fn strings_are_poisoned_and_words_of_the_code_are_not() {
        let e = SourceError::new(Trouble::Auth, "no");
        let p = poisoned(&e, &|s| format!("{s}!"));
        assert_eq!((p.trouble, &*p.sentence), (Trouble::Auth, "no!"));
    }

    #[test]
    fn there_are_enough_payloads_and_most_are_harmful() {
        assert!(PAYLOADS.len() >= 60, "{}", PAYLOADS.len());
        assert!(PAYLOADS.iter().filter(|(_, p)| p.chars().any(forbidden)).count() > 50);
    }
}
