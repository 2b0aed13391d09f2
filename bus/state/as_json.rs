//! What leaves fields out where there is nothing to say can only be read where fields have names. In a state that is
//! written without names it stands as JSON.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer, Serialize, Serializer, de, ser};

pub(super) fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let json = serde_json::to_string(value).map_err(ser::Error::custom)?;
    serializer.serialize_str(&json)
}

pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let json = Cow::<str>::deserialize(deserializer)?;
    serde_json::from_str(&json).map_err(de::Error::custom)
}
