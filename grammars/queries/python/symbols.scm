(class_definition name: (_) @name body: (_) @body) @definition.type
(function_definition name: (_) @name body: (_) @body) @definition.function
(expression_statement (assignment left: (identifier) @name right: (_)? @value)) @definition.constant
(type_alias_statement left: (_) @name) @definition.type
((assignment left: (attribute object: (identifier) @_self attribute: (_) @name) right: (_)? @value) @field
  (#eq? @_self "self"))

(class_definition body: (block . (expression_statement . (string) @doc)))
(function_definition body: (block . (expression_statement . (string) @doc)))

(decorated_definition) @wrapper
; What these assign is for themselves.
(lambda) @local
(for_statement) @local
(while_statement) @local
(with_statement) @local
((if_statement condition: (comparison_operator . (identifier) @_main)) @local
  (#eq? @_main "__name__"))
(decorator) @attribute
(comment) @comment

(import_statement) @import
(import_from_statement) @import
