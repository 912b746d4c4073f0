//! The options of protocols as clap arguments.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use probe::protocol::{AnyOption, Arity, Value, Values, options};

/// The values that were given for options of protocols.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The values.
    pub values: Values,
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        command.args(options().into_iter().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Self> {
        let mut values = Values::default();
        for option in options() {
            let name = option.about().name;
            if matches.value_source(name) != Some(ValueSource::CommandLine) {
                continue;
            }
            if option.about().arity == Arity::Flag {
                values
                    .set(option, "")
                    .map_err(|what| clap::Error::raw(clap::error::ErrorKind::ValueValidation, what))?;
            }
            let given = matches.try_get_many::<Value>(name).ok().flatten();
            given.into_iter().flatten().for_each(|value| values.put(option, value.clone()));
        }
        Ok(Self { values })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn arg(option: &'static dyn AnyOption) -> Arg {
    let about = option.about();
    let mut arg = Arg::new(about.name).long(about.name).help(about.help).help_heading(about.section);
    if let Some(short) = about.short {
        arg = arg.short(short);
    }
    if let Some(other) = about.conflicts_with {
        arg = arg.conflicts_with(other);
    }
    if about.arity == Arity::Flag {
        return arg.action(ArgAction::SetTrue);
    }
    let action = if about.arity == Arity::One { ArgAction::Set } else { ArgAction::Append };
    arg = arg.value_name(about.value_name).value_parser(parser(option)).action(action);
    if about.arity == Arity::List {
        arg = arg.value_delimiter(',');
    }
    if let Some(default) = about.default {
        arg = arg.default_value(default);
    }
    arg.allow_negative_numbers(about.takes_negative)
}

fn parser(option: &'static dyn AnyOption) -> ValueParser {
    let values = option.about().values;
    if values.is_empty() {
        return ValueParser::new(move |text: &str| option.read(text));
    }
    let values = values.iter().map(|(name, help)| PossibleValue::new(*name).help(*help));
    ValueParser::new(PossibleValuesParser::new(values).try_map(move |name: String| option.read(&name)))
}
