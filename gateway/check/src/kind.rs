//! The kinds of changes: stable codes, how critical each is, and why. `docs/schema-checks.md` has the same table; a
//! test holds the two together.

use std::fmt;

use serde::{Serialize, Serializer};

/// Orders worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Criticality {
    /// A valid operation, or the code that reads its answer, can stop working.
    Breaking,
    /// Every operation stays valid, but a client may meet something that it does not expect.
    Dangerous,
    /// No client notices.
    Safe,
}

impl Criticality {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Dangerous => "dangerous",
            Self::Safe => "safe",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $code:literal $criticality:ident $title:literal $why:literal)*) => {
        /// What kind of change it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($variant),* }

        impl Kind {
            /// Every kind, family by family.
            pub const ALL: &[Kind] = &[$(Kind::$variant),*];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            pub fn criticality(self) -> Criticality {
                match self { $(Self::$variant => Criticality::$criticality),* }
            }

            /// What happened, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// Why it is as critical as it is.
            pub fn why(self) -> &'static str {
                match self { $(Self::$variant => $why),* }
            }
        }
    };
}

kinds! {
    TypeRemoved "TYPE_REMOVED" Breaking "A type was removed"
        "Operations that name it in a fragment or variable, or select a field of it, are refused."
    TypeAdded "TYPE_ADDED" Safe "A type was added"
        "Nobody can have asked for it yet."
    TypeKindChanged "TYPE_KIND_CHANGED" Breaking "A type became another kind of type"
        "Selections and values of the one kind are not valid for the other."
    ScalarSpecificationChanged "SCALAR_SPECIFICATION_CHANGED" Dangerous "A scalar's @specifiedBy changed"
        "Operations stay valid, but the scalar's text may have to be read and written in another way."
    RootTypeRemoved "ROOT_TYPE_REMOVED" Breaking "A root operation type was removed"
        "Every operation of that kind is refused."
    RootTypeAdded "ROOT_TYPE_ADDED" Safe "A root operation type was added"
        "Nobody can have sent such an operation yet."
    RootTypeChanged "ROOT_TYPE_CHANGED" Breaking "A root operation type has another name"
        "Fragments on the old root type are refused, and caches know roots by their name."

    FieldRemoved "FIELD_REMOVED" Breaking "A field was removed"
        "Operations that select it are refused."
    FieldAdded "FIELD_ADDED" Safe "A field was added"
        "Clients get only what they ask for."
    FieldTypeChanged "FIELD_TYPE_CHANGED" Breaking "A field has another type"
        "Selections below it may be refused, and clients read a value that they do not expect."
    FieldBecameNullable "FIELD_BECAME_NULLABLE" Breaking "A field, or items of its list, can be null"
        "Clients that count on a value meet null."
    FieldBecameNonNull "FIELD_BECAME_NON_NULL" Safe "A field, or items of its list, can no longer be null"
        "Clients that are ready for null simply never meet it."

    ArgumentRemoved "ARGUMENT_REMOVED" Breaking "An argument was removed"
        "Operations that give it are refused."
    RequiredArgumentAdded "REQUIRED_ARGUMENT_ADDED" Breaking "A required argument was added"
        "Operations that select the field cannot give it yet, and are refused."
    OptionalArgumentAdded "OPTIONAL_ARGUMENT_ADDED" Dangerous "An optional argument was added"
        "Operations stay valid, but what the field gives without the argument may have changed with it."
    ArgumentTypeChanged "ARGUMENT_TYPE_CHANGED" Breaking "An argument has another type"
        "Values and variables of the old type are refused."
    ArgumentBecameRequired "ARGUMENT_BECAME_REQUIRED" Breaking "An argument became required"
        "Operations that leave it out, or give it null, are refused."
    ArgumentBecameOptional "ARGUMENT_BECAME_OPTIONAL" Safe "An argument is no longer required"
        "Whoever gives it may go on doing so."
    ArgumentBecameNonNull "ARGUMENT_BECAME_NON_NULL" Breaking "An argument, or items of its list, may no longer be null"
        "Operations that give null there, or a variable that can be null, are refused."
    ArgumentBecameNullable "ARGUMENT_BECAME_NULLABLE" Safe "An argument, or items of its list, may be null"
        "Every value that was accepted still is."
    ArgumentDefaultChanged "ARGUMENT_DEFAULT_CHANGED" Dangerous "An argument's default value changed"
        "Operations that leave the argument out stay valid and get a different answer."

    InputFieldRemoved "INPUT_FIELD_REMOVED" Breaking "An input field was removed"
        "Values that have it are refused."
    RequiredInputFieldAdded "REQUIRED_INPUT_FIELD_ADDED" Breaking "A required input field was added"
        "Values of the input type lack it, and are refused."
    OptionalInputFieldAdded "OPTIONAL_INPUT_FIELD_ADDED" Dangerous "An optional input field was added"
        "Values stay valid, but what they mean without the field may have changed with it."
    InputFieldTypeChanged "INPUT_FIELD_TYPE_CHANGED" Breaking "An input field has another type"
        "Values and variables of the old type are refused."
    InputFieldBecameRequired "INPUT_FIELD_BECAME_REQUIRED" Breaking "An input field became required"
        "Values that leave it out, or have null there, are refused."
    InputFieldBecameOptional "INPUT_FIELD_BECAME_OPTIONAL" Safe "An input field is no longer required"
        "Whoever gives it may go on doing so."
    InputFieldBecameNonNull "INPUT_FIELD_BECAME_NON_NULL" Breaking
        "An input field, or items of its list, may no longer be null"
        "Values that have null there are refused."
    InputFieldBecameNullable "INPUT_FIELD_BECAME_NULLABLE" Safe "An input field, or items of its list, may be null"
        "Every value that was accepted still is."
    InputFieldDefaultChanged "INPUT_FIELD_DEFAULT_CHANGED" Dangerous "An input field's default value changed"
        "Values that leave the field out stay valid and mean something else."
    InputBecameOneOf "INPUT_BECAME_ONE_OF" Breaking "An input type became @oneOf"
        "Values with no field, several fields or null are refused."
    InputNoLongerOneOf "INPUT_NO_LONGER_ONE_OF" Safe "An input type is no longer @oneOf"
        "Every value that was accepted still is."

    EnumValueRemoved "ENUM_VALUE_REMOVED" Breaking "An enum value was removed"
        "Operations and variables that give it are refused."
    EnumValueAdded "ENUM_VALUE_ADDED" Dangerous "An enum value was added"
        "Clients that tell all values apart meet one that they do not know."

    UnionMemberRemoved "UNION_MEMBER_REMOVED" Breaking "A type is no longer a member of a union"
        "Fragments on the type can be refused, and what they selected no longer comes."
    UnionMemberAdded "UNION_MEMBER_ADDED" Dangerous "A type became a member of a union"
        "Clients that tell all members apart meet one that they do not know."

    ImplementationRemoved "IMPLEMENTATION_REMOVED" Breaking "A type no longer implements an interface"
        "Fragments between the two can be refused, and objects of the type no longer come where the interface does."
    ImplementationAdded "IMPLEMENTATION_ADDED" Dangerous "A type implements an interface that it did not"
        "Clients that tell all types of the interface apart meet one that they do not know."

    DirectiveRemoved "DIRECTIVE_REMOVED" Breaking "A directive was removed"
        "Operations that use it are refused."
    DirectiveAdded "DIRECTIVE_ADDED" Safe "A directive was added"
        "Nobody can have used it yet."
    DirectiveLocationRemoved "DIRECTIVE_LOCATION_REMOVED" Breaking "A directive may no longer stand somewhere"
        "Operations that use it there are refused."
    DirectiveLocationAdded "DIRECTIVE_LOCATION_ADDED" Safe "A directive may stand in one more place"
        "Every use that was accepted still is."
    DirectiveRepeatableRemoved "DIRECTIVE_REPEATABLE_REMOVED" Breaking "A directive may no longer be repeated"
        "Operations that repeat it in one place are refused."
    DirectiveRepeatableAdded "DIRECTIVE_REPEATABLE_ADDED" Safe "A directive may be repeated"
        "Every use that was accepted still is."
    DirectiveArgumentRemoved "DIRECTIVE_ARGUMENT_REMOVED" Breaking "A directive's argument was removed"
        "Operations that give it are refused."
    RequiredDirectiveArgumentAdded "REQUIRED_DIRECTIVE_ARGUMENT_ADDED" Breaking
        "A directive got a required argument"
        "Operations that use the directive cannot give it yet, and are refused."
    OptionalDirectiveArgumentAdded "OPTIONAL_DIRECTIVE_ARGUMENT_ADDED" Safe "A directive got an optional argument"
        "Every use that was accepted still is."
    DirectiveArgumentTypeChanged "DIRECTIVE_ARGUMENT_TYPE_CHANGED" Breaking "A directive's argument has another type"
        "Values and variables of the old type are refused."
    DirectiveArgumentBecameRequired "DIRECTIVE_ARGUMENT_BECAME_REQUIRED" Breaking
        "A directive's argument became required"
        "Operations that leave it out, or give it null, are refused."
    DirectiveArgumentBecameOptional "DIRECTIVE_ARGUMENT_BECAME_OPTIONAL" Safe
        "A directive's argument is no longer required"
        "Whoever gives it may go on doing so."
    DirectiveArgumentBecameNonNull "DIRECTIVE_ARGUMENT_BECAME_NON_NULL" Breaking
        "A directive's argument, or items of its list, may no longer be null"
        "Operations that give null there, or a variable that can be null, are refused."
    DirectiveArgumentBecameNullable "DIRECTIVE_ARGUMENT_BECAME_NULLABLE" Safe
        "A directive's argument, or items of its list, may be null"
        "Every value that was accepted still is."
    DirectiveArgumentDefaultChanged "DIRECTIVE_ARGUMENT_DEFAULT_CHANGED" Dangerous
        "The default value of a directive's argument changed"
        "Operations that leave the argument out stay valid and get a different answer."

    DeprecationAdded "DEPRECATION_ADDED" Safe "Something was deprecated"
        "Nothing changes yet; those who use it should know."
    DeprecationRemoved "DEPRECATION_REMOVED" Safe "Something is no longer deprecated"
        "Nothing changes for those who use it."
    DeprecationReasonChanged "DEPRECATION_REASON_CHANGED" Safe "The reason of a deprecation changed"
        "Only people read it."
    DescriptionChanged "DESCRIPTION_CHANGED" Safe "A description changed"
        "Only people read it."
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
