//! The field's standard names for what can go wrong, each with its level.

use serde::{Serialize, Serializer};

/// How much a finding matters. Only [`Level::Error`] stops composition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

macro_rules! codes {
    ($($level:ident { $($variant:ident = $name:literal,)* })*) => {
        /// A stable code; its text never changes once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($($variant,)*)*
        }

        impl Code {
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$variant => $name,)*)*
                }
            }

            pub fn level(self) -> Level {
                match self {
                    $($(Self::$variant)|* => Level::$level,)*
                }
            }
        }
    };
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

codes! {
    Error {
        KeyDirectiveInFieldsArg = "KEY_DIRECTIVE_IN_FIELDS_ARG",
        KeyInvalidFields = "KEY_INVALID_FIELDS",
        KeyInvalidFieldsType = "KEY_INVALID_FIELDS_TYPE",
        KeyUnsupportedOnInterface = "KEY_UNSUPPORTED_ON_INTERFACE",
        KeyFieldsHasArgs = "KEY_FIELDS_HAS_ARGS",
        KeyFieldsSelectInvalidType = "KEY_FIELDS_SELECT_INVALID_TYPE",
        ProvidesDirectiveInFieldsArg = "PROVIDES_DIRECTIVE_IN_FIELDS_ARG",
        ProvidesInvalidFields = "PROVIDES_INVALID_FIELDS",
        ProvidesInvalidFieldsType = "PROVIDES_INVALID_FIELDS_TYPE",
        ProvidesUnsupportedOnInterface = "PROVIDES_UNSUPPORTED_ON_INTERFACE",
        ProvidesFieldsHasArgs = "PROVIDES_FIELDS_HAS_ARGS",
        ProvidesFieldsMissingExternal = "PROVIDES_FIELDS_MISSING_EXTERNAL",
        ProvidesOnNonObjectField = "PROVIDES_ON_NON_OBJECT_FIELD",
        RequiresDirectiveInFieldsArg = "REQUIRES_DIRECTIVE_IN_FIELDS_ARG",
        RequiresInvalidFields = "REQUIRES_INVALID_FIELDS",
        RequiresInvalidFieldsType = "REQUIRES_INVALID_FIELDS_TYPE",
        RequiresUnsupportedOnInterface = "REQUIRES_UNSUPPORTED_ON_INTERFACE",
        RequiresFieldsMissingExternal = "REQUIRES_FIELDS_MISSING_EXTERNAL",
        ExternalUnused = "EXTERNAL_UNUSED",
        ExternalTypeMismatch = "EXTERNAL_TYPE_MISMATCH",
        ExternalArgumentMissing = "EXTERNAL_ARGUMENT_MISSING",
        ExternalArgumentTypeMismatch = "EXTERNAL_ARGUMENT_TYPE_MISMATCH",
        ExternalArgumentDefaultMismatch = "EXTERNAL_ARGUMENT_DEFAULT_MISMATCH",
        ExternalCollisionWithAnotherDirective = "EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE",
        ExternalOnInterface = "EXTERNAL_ON_INTERFACE",
        ExternalMissingOnBase = "EXTERNAL_MISSING_ON_BASE",
        TypeWithOnlyUnusedExternal = "TYPE_WITH_ONLY_UNUSED_EXTERNAL",
        MergedDirectiveApplicationOnExternal = "MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL",
        ExtensionWithNoBase = "EXTENSION_WITH_NO_BASE",
        RootQueryUsed = "ROOT_QUERY_USED",
        RootMutationUsed = "ROOT_MUTATION_USED",
        RootSubscriptionUsed = "ROOT_SUBSCRIPTION_USED",
        NoQueries = "NO_QUERIES",
        InvalidSubgraphName = "INVALID_SUBGRAPH_NAME",
        InvalidGraphql = "INVALID_GRAPHQL",
        DirectiveDefinitionInvalid = "DIRECTIVE_DEFINITION_INVALID",
        TypeDefinitionInvalid = "TYPE_DEFINITION_INVALID",
        UnsupportedLinkedFeature = "UNSUPPORTED_LINKED_FEATURE",
        UnknownFederationLinkVersion = "UNKNOWN_FEDERATION_LINK_VERSION",
        UnknownLinkVersion = "UNKNOWN_LINK_VERSION",
        InvalidLinkDirectiveUsage = "INVALID_LINK_DIRECTIVE_USAGE",
        InvalidLinkIdentifier = "INVALID_LINK_IDENTIFIER",
        LinkImportNameMismatch = "LINK_IMPORT_NAME_MISMATCH",
        DirectiveCompositionError = "DIRECTIVE_COMPOSITION_ERROR",
        TypeKindMismatch = "TYPE_KIND_MISMATCH",
        FieldTypeMismatch = "FIELD_TYPE_MISMATCH",
        FieldArgumentTypeMismatch = "FIELD_ARGUMENT_TYPE_MISMATCH",
        FieldArgumentDefaultMismatch = "FIELD_ARGUMENT_DEFAULT_MISMATCH",
        InputFieldDefaultMismatch = "INPUT_FIELD_DEFAULT_MISMATCH",
        EnumValueMismatch = "ENUM_VALUE_MISMATCH",
        EmptyMergedEnumType = "EMPTY_MERGED_ENUM_TYPE",
        EmptyMergedInputType = "EMPTY_MERGED_INPUT_TYPE",
        RequiredArgumentMissingInSomeSubgraph = "REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH",
        RequiredInputFieldMissingInSomeSubgraph = "REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH",
        InterfaceFieldNoImplem = "INTERFACE_FIELD_NO_IMPLEM",
        InvalidFieldSharing = "INVALID_FIELD_SHARING",
        InvalidShareableUsage = "INVALID_SHAREABLE_USAGE",
        ShareableHasMismatchedRuntimeTypes = "SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES",
        ReferencedInaccessible = "REFERENCED_INACCESSIBLE",
        RequiredInaccessible = "REQUIRED_INACCESSIBLE",
        DisallowedInaccessible = "DISALLOWED_INACCESSIBLE",
        ImplementedByInaccessible = "IMPLEMENTED_BY_INACCESSIBLE",
        QueryRootTypeInaccessible = "QUERY_ROOT_TYPE_INACCESSIBLE",
        OnlyInaccessibleChildren = "ONLY_INACCESSIBLE_CHILDREN",
        DefaultValueUsesInaccessible = "DEFAULT_VALUE_USES_INACCESSIBLE",
        OverrideCollisionWithAnotherDirective = "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE",
        OverrideFromSelfError = "OVERRIDE_FROM_SELF_ERROR",
        OverrideSourceHasOverride = "OVERRIDE_SOURCE_HAS_OVERRIDE",
        OverrideOnInterface = "OVERRIDE_ON_INTERFACE",
        OverrideLabelInvalid = "OVERRIDE_LABEL_INVALID",
        InterfaceObjectUsageError = "INTERFACE_OBJECT_USAGE_ERROR",
        InterfaceKeyNotOnImplementation = "INTERFACE_KEY_NOT_ON_IMPLEMENTATION",
        InterfaceKeyMissingImplementationType = "INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE",
        ContextNotSet = "CONTEXT_NOT_SET",
        ContextInvalidSelection = "CONTEXT_INVALID_SELECTION",
        ContextNameInvalid = "CONTEXT_NAME_INVALID",
        ContextNoResolvableKey = "CONTEXT_NO_RESOLVABLE_KEY",
        NoContextInSelection = "NO_CONTEXT_IN_SELECTION",
        CostAppliedToInterfaceField = "COST_APPLIED_TO_INTERFACE_FIELD",
        ListSizeAppliedToNonList = "LIST_SIZE_APPLIED_TO_NON_LIST",
        ListSizeInvalidAssumedSize = "LIST_SIZE_INVALID_ASSUMED_SIZE",
        ListSizeInvalidSizedField = "LIST_SIZE_INVALID_SIZED_FIELD",
        ListSizeInvalidSlicingArgument = "LIST_SIZE_INVALID_SLICING_ARGUMENT",
        AuthRequirementsAppliedOnInterface = "AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE",
        MissingTransitiveAuthRequirements = "MISSING_TRANSITIVE_AUTH_REQUIREMENTS",
        InvalidTagName = "INVALID_TAG_NAME",
        CacheTagInvalidFormat = "CACHE_TAG_INVALID_FORMAT",
        CacheTagAppliedToNonEntity = "CACHE_TAG_APPLIED_TO_NON_ENTITY",
        CacheTagAppliedToNonRootField = "CACHE_TAG_APPLIED_TO_NON_ROOT_FIELD",
        SatisfiabilityError = "SATISFIABILITY_ERROR",
        MaxValidationSubgraphPathsExceeded = "MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED",
        DownstreamServiceError = "DOWNSTREAM_SERVICE_ERROR",
        InvalidFederationSupergraph = "INVALID_FEDERATION_SUPERGRAPH",
    }
    Warn {
        InconsistentDefaultValuePresence = "INCONSISTENT_DEFAULT_VALUE_PRESENCE",
        InconsistentInputObjectField = "INCONSISTENT_INPUT_OBJECT_FIELD",
        InconsistentEnumValueForInputEnum = "INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM",
        InconsistentExecutableDirectivePresence = "INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE",
        InconsistentExecutableDirectiveRepeatable = "INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE",
        InconsistentExecutableDirectiveLocations = "INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS",
        InconsistentDescription = "INCONSISTENT_DESCRIPTION",
        InconsistentArgumentPresence = "INCONSISTENT_ARGUMENT_PRESENCE",
        InconsistentNonRepeatableDirectiveArguments = "INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
        InconsistentRuntimeTypesForShareableReturn = "INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN",
        NoExecutableDirectiveIntersection = "NO_EXECUTABLE_DIRECTIVE_INTERSECTION",
        FromSubgraphDoesNotExist = "FROM_SUBGRAPH_DOES_NOT_EXIST",
        DirectiveCompositionWarn = "DIRECTIVE_COMPOSITION_WARN",
    }
    Info {
        InconsistentButCompatibleFieldType = "INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE",
        InconsistentButCompatibleArgumentType = "INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE",
        InconsistentEntity = "INCONSISTENT_ENTITY",
        OverriddenFieldCanBeRemoved = "OVERRIDDEN_FIELD_CAN_BE_REMOVED",
        OverrideDirectiveCanBeRemoved = "OVERRIDE_DIRECTIVE_CAN_BE_REMOVED",
        OverrideMigrationInProgress = "OVERRIDE_MIGRATION_IN_PROGRESS",
        MergedNonRepeatableDirectiveArguments = "MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
        ImplicitlyUpgradedFederationVersion = "IMPLICITLY_UPGRADED_FEDERATION_VERSION",
        DirectiveCompositionInfo = "DIRECTIVE_COMPOSITION_INFO",
        ContextualArgumentNotContextualInAllSubgraphs = "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS",
    }
    Debug {
        InconsistentObjectValueTypeField = "INCONSISTENT_OBJECT_VALUE_TYPE_FIELD",
        InconsistentInterfaceValueTypeField = "INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD",
        InconsistentUnionMember = "INCONSISTENT_UNION_MEMBER",
        InconsistentEnumValueForOutputEnum = "INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM",
        UnusedEnumType = "UNUSED_ENUM_TYPE",
    }
}
