(function_declaration name: (_) @name body: (_) @body) @definition.function
(generator_function_declaration name: (_) @name body: (_) @body) @definition.function
(class_declaration name: (_) @name body: (_) @body) @definition.type
(method_definition name: (_) @name body: (_) @body) @definition.function
(variable_declarator name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function
; const Button = memo((props) => ...)
(variable_declarator name: (identifier) @name
  value: (call_expression arguments: (arguments .
    [(arrow_function body: (statement_block) @body) (function_expression body: (_) @body)]))) @definition.function
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @definition.type
(variable_declarator name: (identifier) @name value: (_)? @value) @definition.constant

; exports.parse = function (text) { ... }
(program (expression_statement (assignment_expression
  left: (member_expression object: (_) @_exports property: (_) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function)
  (#match? @_exports "^(module\\.)?exports$"))

; What has no name of its own is the default export.
(export_statement "default" @name value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function
(export_statement "default" @name value: (class body: (_) @body)) @definition.type
(export_statement "default" @name value: [(object) (call_expression)] @value) @definition.constant

; this.items = [] in a constructor
(expression_statement (assignment_expression
  left: (member_expression object: (this) property: (_) @name) right: (_) @value)) @field

(export_statement) @wrapper
(lexical_declaration) @wrapper
(variable_declaration) @wrapper
(arrow_function) @local
(function_expression) @local
(class_static_block) @local
(decorator) @attribute
(comment) @comment

(import_statement) @import
(export_statement source: (_)) @import
(export_statement (export_clause)) @import
(export_statement "default") @import
(lexical_declaration (variable_declarator value: (call_expression function: (identifier) @_require))
  (#eq? @_require "require")) @import
(lexical_declaration (variable_declarator
  value: (member_expression object: (call_expression function: (identifier) @_require)))
  (#eq? @_require "require")) @import
(variable_declaration (variable_declarator value: (call_expression function: (identifier) @_require))
  (#eq? @_require "require")) @import
(program (expression_statement (assignment_expression left: (member_expression) @_exports)) @import
  (#eq? @_exports "module.exports"))

(abstract_class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(type_alias_declaration name: (_) @name) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(internal_module name: (_) @name body: (_) @body) @definition.module
(function_signature name: (_) @name) @definition.function
(abstract_method_signature name: (_) @name) @definition.function
(class_body (method_signature name: (_) @name) @definition.function)
(interface_body (method_signature name: (_) @name) @definition.function)

(public_field_definition) @field
(interface_body [(property_signature) (call_signature) (construct_signature) (index_signature)] @field)
(enum_body [(property_identifier) (string) (enum_assignment)] @variant)

; Not `declare global {...}`, which holds any number of definitions.
(ambient_declaration [
  (function_signature) (class_declaration) (abstract_class_declaration) (interface_declaration) (type_alias_declaration)
  (enum_declaration) (lexical_declaration) (variable_declaration) (internal_module)
]) @wrapper
(program (expression_statement (internal_module)) @wrapper)
