//! What the levels of a device come to: the nearest value wins.

use std::ops::Range;

use serde_json::{Map, Value};

use super::connection::{Connection, Extras, Options, PLUGINS, Tls, Transport, Verify};
use super::element::{Element, Merge};
use super::password::Password;

/// Where the values of a device are looked for, nearest first: the host, its groups as far as they
/// are defined, the defaults.
pub(super) struct Levels<'a> {
    pub(super) elements: Vec<&'a Element>,
    /// Per level, whether its passwords are for this host. Who may add a host to one document must
    /// not be sent the password that stands in another.
    pub(super) trusted: Vec<bool>,
    pub(super) merge: Merge,
}

/// A value that some level of a device sets.
pub(super) struct Setting<T> {
    pub(super) value: T,
    /// The level it is set at; 0 is the host itself.
    pub(super) level: usize,
    /// Its key there, such as `connection_options.eapi.port`.
    pub(super) key: String,
}

/// How a device is reached, each value with the level that sets it.
pub(super) struct Resolved<'a> {
    pub(super) transport: Option<Setting<Transport>>,
    pub(super) verify: Option<Setting<&'a Verify>>,
    pub(super) tls: Option<Setting<Tls>>,
    pub(super) port: Option<Setting<u16>>,
    pub(super) enable_password: Option<Setting<&'a Password>>,
    pub(super) hostname: Option<Setting<&'a String>>,
    pub(super) username: Option<Setting<&'a String>>,
    pub(super) password: Option<Setting<&'a Password>>,
    pub(super) allow_local: Option<Setting<bool>>,
}

impl<'a> Levels<'a> {
    /// The value under `key` of the nearest level that has it.
    pub(super) fn nearest<T>(&self, key: &str, get: impl Fn(&'a Element) -> Option<T>) -> Option<Setting<T>> {
        let mut levels = self.elements.iter().enumerate();
        levels.find_map(|(level, element)| Some(Setting { value: get(element)?, level, key: key.to_owned() }))
    }

    /// The data of all levels in one map. A key that is there wins even as null: Nornir looks for
    /// the key, unlike with its own fields.
    pub(super) fn data(&self) -> Map<String, Value> {
        let mut data = Map::new();
        for (key, further) in self.elements.iter().flat_map(|element| &element.data) {
            match data.get_mut(key) {
                None => drop(data.insert(key.clone(), further.clone())),
                Some(nearer) if self.merge == Merge::Deep => fill(nearer, further),
                Some(_) => {}
            }
        }
        data
    }
}

/// Adds what only the further map has, at every depth.
fn fill(nearer: &mut Value, further: &Value) {
    let (Value::Object(nearer), Value::Object(further)) = (nearer, further) else { return };
    for (key, further) in further {
        match nearer.get_mut(key) {
            None => drop(nearer.insert(key.clone(), further.clone())),
            Some(nearer) => fill(nearer, further),
        }
    }
}

/// The options of one connection plugin, looked for in all levels.
struct PluginOptions<'l, 'a> {
    levels: &'l Levels<'a>,
    plugin: &'static str,
    /// The levels whose `extras` count: taken whole, as in Nornir, the nearest only; one by one if
    /// the inventory merges.
    extras: Range<usize>,
}

impl<'l, 'a> PluginOptions<'l, 'a> {
    /// Those of the first of [`PLUGINS`] that any level has options for.
    fn of(levels: &'l Levels<'a>) -> Self {
        let elements = &levels.elements;
        let plugin = PLUGINS.iter().find(|plugin| elements.iter().any(|element| element.options(plugin).is_some()));
        let plugin = plugin.copied().unwrap_or(PLUGINS[0]);
        let nearest = elements.iter().position(|element| element.extras(plugin).is_some());
        let extras = match (levels.merge, nearest) {
            (Merge::Shallow, Some(level)) => level..level + 1,
            _ => 0..elements.len(),
        };
        Self { levels, plugin, extras }
    }

    fn option<T>(&self, key: &str, get: impl Fn(&'a Options) -> Option<T>) -> Option<Setting<T>> {
        let plugin = self.plugin;
        let key = format!("connection_options.{plugin}.{key}");
        self.levels.nearest(&key, |element| get(element.options(plugin)?))
    }

    fn extra<T>(&self, key: &str, get: impl Fn(&'a Extras) -> Option<T>) -> Option<Setting<T>> {
        let (plugin, first) = (self.plugin, self.extras.start);
        let key = format!("connection_options.{plugin}.extras.{key}");
        let elements = &self.levels.elements[self.extras.clone()];
        let mut found = elements.iter().enumerate();
        found.find_map(|(at, element)| {
            Some(Setting { value: get(element.extras(plugin)?)?, level: first + at, key: key.clone() })
        })
    }
}

impl<'a> Resolved<'a> {
    /// Looks every value up. What the connection says goes before what the device says, as with
    /// Nornir's connection parameters.
    pub(super) fn new(levels: &Levels<'a>) -> Self {
        let of = PluginOptions::of(levels);
        let for_this_host = |setting: &Setting<&'a Password>| levels.trusted[setting.level];
        Self {
            transport: of.extra("transport", |extras| extras.transport),
            verify: of.extra("verify", |extras| extras.verify.as_ref()),
            tls: of.extra("tls", |extras| extras.tls),
            enable_password: of
                .extra("enable_password", |extras| extras.enable_password.as_ref())
                .filter(for_this_host),
            port: of
                .extra("port", |extras| extras.port)
                .or_else(|| of.option("port", |options| options.port))
                .or_else(|| levels.nearest("port", |element| element.port)),
            hostname: of
                .option("hostname", |options| options.hostname.as_ref())
                .or_else(|| levels.nearest("hostname", |element| element.hostname.as_ref())),
            username: of
                .option("username", |options| options.username.as_ref())
                .or_else(|| levels.nearest("username", |element| element.username.as_ref())),
            password: of
                .option("password", |options| options.password.as_ref())
                .or_else(|| levels.nearest("password", |element| element.password.as_ref()))
                .filter(for_this_host),
            allow_local: of
                .extra("allow_local", |extras| extras.allow_local)
                .or_else(|| levels.nearest("allow_local", |element| element.allow_local)),
        }
    }

    /// How eAPI is spoken to the device.
    pub(super) fn connection(&self) -> Connection {
        Connection {
            transport: self.transport.as_ref().map(|setting| setting.value).unwrap_or_default(),
            verify: self.verify.as_ref().map(|setting| setting.value.clone()).unwrap_or_default(),
            tls: self.tls.as_ref().map(|setting| setting.value).unwrap_or_default(),
            port: self.port.as_ref().map(|setting| setting.value),
            enable_password: self.enable_password.as_ref().map(|setting| setting.value.clone()),
        }
    }
}
