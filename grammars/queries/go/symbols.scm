(function_declaration name: (_) @name body: (_)? @body) @definition.function
(method_declaration receiver: (parameter_list (parameter_declaration type: (_) @container))
  name: (_) @name body: (_)? @body) @definition.function
(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @definition.type
(type_spec name: (_) @name type: (interface_type) @body) @definition.type
(type_spec name: (_) @name) @definition.type
(type_alias name: (_) @name) @definition.type
(const_spec name: (identifier) @name value: (_)? @value) @definition.constant
(var_spec name: (identifier) @name value: (_)? @value) @definition.constant

(field_declaration) @field
(interface_type [(method_elem) (type_elem)] @field)

(type_declaration) @wrapper
(const_declaration) @wrapper
(var_declaration) @wrapper
(type_declaration "(") @group
(const_declaration "(") @group
(var_declaration (var_spec_list)) @group
(func_literal) @local
(comment) @comment

(package_clause (_) @package)
(import_spec) @import
