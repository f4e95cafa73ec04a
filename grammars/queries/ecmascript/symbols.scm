; What JavaScript and TypeScript share.

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
