(struct_item name: (_) @name body: (field_declaration_list)? @body) @definition.type
(enum_item name: (_) @name body: (_) @body) @definition.type
(union_item name: (_) @name body: (_) @body) @definition.type
(trait_item name: (_) @name body: (_) @body) @definition.type
(type_item name: (_) @name) @definition.type
(function_item name: (_) @name body: (_) @body) @definition.function
(function_signature_item name: (_) @name) @definition.function
(const_item name: (_) @name value: (_)? @value) @definition.constant
(static_item name: (_) @name value: (_)? @value) @definition.constant
(macro_definition name: (_) @name) @definition.function
(mod_item name: (_) @name body: (_) @body) @definition.module

(impl_item type: (_) @container body: (_) @body) @impl
(field_declaration) @field
(associated_type) @field
(enum_variant) @variant

(use_declaration) @import
(extern_crate_declaration) @import
(mod_item !body) @import

(attribute_item) @attribute
(line_comment) @comment
(block_comment) @comment
