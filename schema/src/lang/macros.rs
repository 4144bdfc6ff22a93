//! One declaration for a kind of node: struct, decoder and table row.

/// Declares kinds of nodes.
///
/// ```text
/// node! {
///     /// What it is.
///     Health "health" {
///         /// What the field means.
///         every: value(Duration) "every" default "30s" effect RollingRestart;
///     }
/// }
/// ```
///
/// Shapes and the field types they make: `arg(T)` -> `At<T>`, `opt_arg(T)` -> `Option<At<T>>`,
/// `args(T)` -> `Vec<At<T>>`, `need(T)` -> `At<T>`, `value(T)` -> `Option<At<T>>`,
/// `flag(bool)` -> `Option<At<bool>>`, `list(T)` -> `Option<List<T>>`, `set(T)` -> `Vec<At<T>>`,
/// `map(T)` -> `Map<T>`, `node(N)` -> `Option<N>`, `nodes(N)` -> `Vec<N>`, `any(Node)` ->
/// `Option<Node>`, and, as the last field, `rest(Node)` -> `Node`.
/// Every struct also has `span`, the place of the node's first line.
#[macro_export]
macro_rules! node {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident $word:literal {
            $(
                $(#[doc = $fdoc:literal])*
                $field:ident : $shape:ident($ty:ty) $fword:literal
                $(key $key:tt)? $(default $default:literal)? $(effect $effect:ident)? $(since $since:literal)?
                ;
            )*
        }
    )*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name {
            #[serde(skip)]
            pub span: $crate::span::Span,
            $(
                $(#[doc = $fdoc])*
                #[serde(skip_serializing_if = "crate::lang::Absent::is_absent")]
                pub $field: $crate::node!(@type $shape $ty),
            )*
        }

        impl $crate::lang::Decode for $name {
            const INFO: &'static $crate::lang::NodeInfo = &$crate::lang::NodeInfo {
                name: stringify!($name),
                word: $word,
                doc: concat!($($doc, "\n"),*),
                fields: &[$($crate::lang::Field {
                    word: $fword,
                    doc: concat!($($fdoc, "\n"),*),
                    shape: $crate::node!(@shape $shape $ty $(, $key)?),
                    default: $crate::node!(@option $($default)?),
                    effect: $crate::node!(@effect $($effect)?),
                    since: $crate::node!(@since $($since)?),
                }),*],
            };

            fn decode(node: &$crate::lang::Node, cx: &mut $crate::lang::Decoder) -> Option<Self> {
                let mut fields = $crate::lang::Fields::new(node, Self::INFO);
                $(let $field = $crate::node!(@read $shape $ty, fields, cx, $fword);)*
                if !fields.finish(cx) {
                    return None;
                }
                Some(Self { span: node.span, $($field: $crate::node!(@keep $shape $field)),* })
            }
        }
    )*};

    (@type arg $ty:ty) => { $crate::span::At<$ty> };
    (@type need $ty:ty) => { $crate::span::At<$ty> };
    (@type opt_arg $ty:ty) => { Option<$crate::span::At<$ty>> };
    (@type args $ty:ty) => { Vec<$crate::span::At<$ty>> };
    (@type value $ty:ty) => { Option<$crate::span::At<$ty>> };
    (@type flag $ty:ty) => { Option<$crate::span::At<$ty>> };
    (@type list $ty:ty) => { Option<$crate::lang::List<$ty>> };
    (@type set $ty:ty) => { Vec<$crate::span::At<$ty>> };
    (@type map $ty:ty) => { $crate::lang::Map<$ty> };
    (@type node $ty:ty) => { Option<Box<$ty>> };
    (@type nodes $ty:ty) => { Vec<$ty> };
    (@type any $ty:ty) => { Option<$ty> };
    (@type rest $ty:ty) => { $ty };

    (@shape arg $ty:ty) => { $crate::lang::Shape::Arg { ty: <$ty as $crate::lang::Read>::TYPE, required: true } };
    (@shape opt_arg $ty:ty) => { $crate::lang::Shape::Arg { ty: <$ty as $crate::lang::Read>::TYPE, required: false } };
    (@shape args $ty:ty) => { $crate::lang::Shape::Args { ty: <$ty as $crate::lang::Read>::TYPE } };
    (@shape need $ty:ty) => { $crate::lang::Shape::Value { ty: <$ty as $crate::lang::Read>::TYPE, required: true } };
    (@shape value $ty:ty) => { $crate::lang::Shape::Value { ty: <$ty as $crate::lang::Read>::TYPE, required: false } };
    (@shape flag $ty:ty) => { $crate::lang::Shape::Flag };
    (@shape list $ty:ty) => { $crate::lang::Shape::List { ty: <$ty as $crate::lang::Read>::TYPE } };
    (@shape set $ty:ty) => { $crate::lang::Shape::Set { ty: <$ty as $crate::lang::Read>::TYPE } };
    (@shape any $ty:ty) => { $crate::lang::Shape::Any };
    (@shape rest $ty:ty) => { $crate::lang::Shape::Rest };
    (@shape map $ty:ty) => { $crate::lang::Shape::Map { ty: <$ty as $crate::lang::Read>::TYPE } };
    (@shape node $ty:ty) => { $crate::lang::Shape::Node { info: <$ty as $crate::lang::Decode>::INFO } };
    (@shape nodes $ty:ty) => {
        $crate::lang::Shape::Nodes { info: <$ty as $crate::lang::Decode>::INFO, key: $crate::lang::Key::Name }
    };
    (@shape nodes $ty:ty, none) => {
        $crate::lang::Shape::Nodes { info: <$ty as $crate::lang::Decode>::INFO, key: $crate::lang::Key::None }
    };
    (@shape nodes $ty:ty, (name $and:literal)) => {
        $crate::lang::Shape::Nodes { info: <$ty as $crate::lang::Decode>::INFO, key: $crate::lang::Key::NameAnd($and) }
    };
    (@shape nodes $ty:ty, $key:literal) => {
        $crate::lang::Shape::Nodes { info: <$ty as $crate::lang::Decode>::INFO, key: $crate::lang::Key::Prop($key) }
    };

    (@option) => { None };
    (@option $value:literal) => { Some($value) };
    (@effect) => { None };
    (@effect $effect:ident) => { Some($crate::change::Effect::$effect) };
    (@since) => { 1 };
    (@since $since:literal) => { $since };

    (@read $shape:ident $ty:ty, $fields:ident, $cx:ident, $word:literal) => { $fields.$shape($cx, $word) };

    (@keep arg $field:ident) => { $field? };
    (@keep need $field:ident) => { $field? };
    (@keep $shape:ident $field:ident) => { $field };
}

/// Declares a value that is one of a few words: the enum, its reader and its row in the table.
#[macro_export]
macro_rules! one_of {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $vdoc:literal])* $variant:ident $word:literal),* $(,)? })*) => {$(
        $(#[doc = $doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[doc = $vdoc])* $variant),* }

        $crate::one_of!(@words $name { $($variant $word),* });
    )*};

    (@words $name:ty { $($variant:ident $word:literal),* $(,)? }) => {
        $crate::one_of!(@read $name { $($variant $word),* });

        impl $name {
            /// As it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };

    (@read $name:ty { $($variant:ident $word:literal),* $(,)? }) => {
        impl $crate::lang::Read for $name {
            const TYPE: $crate::lang::Type = $crate::lang::Type::OneOf(&[$($word),*]);
            fn read(
                value: &$crate::lang::Literal,
                span: $crate::span::Span,
                cx: &mut $crate::lang::Decoder,
            ) -> Option<Self> {
                match $crate::lang::one_of(value, span, cx, &[$($word),*])? {
                    $($word => Some(<$name>::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
