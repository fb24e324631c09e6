/* Lean's own kernel, of the runtime library: checks declarations that it is given, from an empty environment.
 *
 *   kernel FILE
 *
 * Each line of the file makes one object out of those before it, which are numbered from 1, a sort at a time: names,
 * levels, expressions, declarations.
 *   N  s PREFIX UTF-8    n PREFIX NUMBER
 *   L  z    s LEVEL    m LEVEL LEVEL    i LEVEL LEVEL    p NAME
 *   E  b INDEX    s LEVEL    c NAME LEVELS    a E E    l NAME E E FLAG    p NAME E E FLAG    t NAME E E E FLAG
 *      n NUMBER    S UTF-8    j NAME INDEX E
 *   D  quot    axiom SIGNATURE    thm SIGNATURE E    opaque SIGNATURE E    def SIGNATURE E HINT HEIGHT
 *      ind NAMES PARAMETERS TYPES
 * A SIGNATURE is NAME NAMES E; a type is NAME E CONSTRUCTORS, and a constructor NAME E. What is in the plural begins
 * with its count. UTF-8 stands in hexadecimal, "-" when it is empty. Name 0 is the anonymous one.
 *
 * Prints "refused INDEX REASON" for each declaration that the kernel does not accept, then "done ACCEPTED REFUSED".
 * Ends with 0 when it read the whole file, else with 3.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lean/lean.h>

/* --- what the runtime library exports ----------------------------------------------------------------------------- */

void lean_initialize(void);
lean_obj_res initialize_Lean(uint8_t builtin);
lean_obj_res l_Lean_mkEmptyEnvironment(uint32_t trust_level);
lean_obj_res lean_elab_environment_to_kernel_env(lean_obj_arg environment);
/* A limit of 0 is none. */
lean_obj_res lean_add_decl(
    lean_obj_arg environment, size_t heartbeats, size_t depth, b_lean_obj_arg declaration, b_lean_obj_arg cancel);

lean_obj_res lean_name_mk_string(lean_obj_arg, lean_obj_arg);
lean_obj_res lean_name_mk_numeral(lean_obj_arg, lean_obj_arg);
lean_obj_res lean_level_mk_zero(lean_obj_arg);
lean_obj_res lean_level_mk_succ(lean_obj_arg);
lean_obj_res lean_level_mk_max(lean_obj_arg, lean_obj_arg);
lean_obj_res lean_level_mk_imax(lean_obj_arg, lean_obj_arg);
lean_obj_res lean_level_mk_param(lean_obj_arg);
lean_obj_res lean_expr_mk_bvar(lean_obj_arg);
lean_obj_res lean_expr_mk_sort(lean_obj_arg);
lean_obj_res lean_expr_mk_const(lean_obj_arg, lean_obj_arg);
lean_obj_res lean_expr_mk_app(lean_obj_arg, lean_obj_arg);
lean_obj_res lean_expr_mk_lambda(lean_obj_arg, lean_obj_arg, lean_obj_arg, uint8_t);
lean_obj_res lean_expr_mk_forall(lean_obj_arg, lean_obj_arg, lean_obj_arg, uint8_t);
lean_obj_res lean_expr_mk_let(lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg, uint8_t);
lean_obj_res lean_expr_mk_lit(lean_obj_arg);
lean_obj_res lean_expr_mk_proj(lean_obj_arg, lean_obj_arg, lean_obj_arg);
lean_obj_res lean_mk_definition_val(
    lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg, uint8_t safety, lean_obj_arg all);
lean_obj_res lean_mk_inductive_decl(lean_obj_arg, lean_obj_arg, lean_obj_arg, uint8_t is_unsafe);

/* --- the file ----------------------------------------------------------------------------------------------------- */

static char *rest; /* of the line */
static size_t line_number;

static void malformed(const char *what) {
    fprintf(stderr, "line %zu: %s\n", line_number, what);
    exit(3);
}

static char *word(void) {
    char *found = strsep(&rest, " ");
    if (found == NULL || *found == '\0')
        malformed("it ends too early");
    return found;
}

static size_t number(void) {
    char *end, *found = word();
    size_t value = strtoull(found, &end, 10);
    if (*end != '\0')
        malformed("no number");
    return value;
}

static lean_object *natural(void) {
    char *found = word();
    if (found[strspn(found, "0123456789")] != '\0')
        malformed("no natural number");
    return lean_cstr_to_nat(found);
}

static lean_object *string(void) {
    char *digits = word();
    size_t size = *digits == '-' ? 0 : strlen(digits) / 2, characters = 0;
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        malformed("no memory");
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        if (sscanf(digits + 2 * i, "%2x", &byte) != 1)
            malformed("no hexadecimal digits");
        bytes[i] = (char)byte;
        characters += (byte & 0xc0) != 0x80;
    }
    bytes[size] = '\0';
    lean_object *made = lean_mk_string_unchecked(bytes, size, characters);
    free(bytes);
    return made;
}

/* --- the objects that were made ----------------------------------------------------------------------------------- */

typedef struct {
    lean_object **items;
    size_t count, room;
} table;
static table names, levels, expressions;

static void append(table *t, lean_object *item) {
    if (t->count == t->room) {
        t->room = t->room == 0 ? 4096 : 2 * t->room;
        t->items = realloc(t->items, t->room * sizeof *t->items);
        if (t->items == NULL)
            malformed("no memory");
    }
    t->items[t->count++] = item;
}

static lean_object *item_of(table *t) {
    size_t index = number();
    if (index == 0 || index > t->count)
        malformed("there is no such object yet");
    lean_object *item = t->items[index - 1];
    lean_inc(item);
    return item;
}

static lean_object *level(void) { return item_of(&levels); }
static lean_object *expression(void) { return item_of(&expressions); }
static lean_object *name(void) {
    if (rest != NULL && strncmp(rest, "0 ", 2) == 0) {
        rest += 2;
        return lean_box(0);
    }
    return item_of(&names);
}

/* A constructor object; it takes the fields. */
static lean_object *make(unsigned tag, unsigned count, lean_object *a, lean_object *b, lean_object *c) {
    lean_object *fields[] = {a, b, c}, *made = lean_alloc_ctor(tag, count, 0);
    for (unsigned i = 0; i < count; i++)
        lean_ctor_set(made, i, fields[i]);
    return made;
}
static lean_object *with_flag(lean_object *a, lean_object *b, lean_object *c, unsigned count) {
    lean_object *fields[] = {a, b, c}, *made = lean_alloc_ctor(0, count, 1);
    for (unsigned i = 0; i < count; i++)
        lean_ctor_set(made, i, fields[i]);
    lean_ctor_set_uint8(made, count * sizeof(void *), 0); /* isUnsafe */
    return made;
}
static lean_object *cons(lean_object *head, lean_object *tail) { return make(1, 2, head, tail, NULL); }

/* A count, and as many items. */
static lean_object *list_of(lean_object *(*item)(void)) {
    size_t count = number();
    table read = {NULL, 0, 0};
    for (size_t i = 0; i < count; i++)
        append(&read, item());
    lean_object *list = lean_box(0);
    while (read.count > 0)
        list = cons(read.items[--read.count], list);
    free(read.items);
    return list;
}

/* --- what a line makes -------------------------------------------------------------------------------------------- */

static lean_object *read_name(char kind) {
    lean_object *prefix = name();
    return kind == 's' ? lean_name_mk_string(prefix, string()) : lean_name_mk_numeral(prefix, natural());
}

static lean_object *read_level(char kind) {
    lean_object *first;
    switch (kind) {
    case 'z': return lean_level_mk_zero(lean_box(0));
    case 's': return lean_level_mk_succ(level());
    case 'm': first = level(); return lean_level_mk_max(first, level());
    case 'i': first = level(); return lean_level_mk_imax(first, level());
    case 'p': return lean_level_mk_param(name());
    default: malformed("no level of a declaration"); return NULL;
    }
}

static lean_object *read_expression(char kind) {
    lean_object *a, *b, *c, *d;
    switch (kind) {
    case 'b': return lean_expr_mk_bvar(natural());
    case 's': return lean_expr_mk_sort(level());
    case 'c': a = name(); return lean_expr_mk_const(a, list_of(level));
    case 'a': a = expression(); return lean_expr_mk_app(a, expression());
    case 'l':
    case 'p':
        a = name(), b = expression(), c = expression();
        return (kind == 'l' ? lean_expr_mk_lambda : lean_expr_mk_forall)(a, b, c, (uint8_t)number());
    case 't':
        a = name(), b = expression(), c = expression(), d = expression();
        return lean_expr_mk_let(a, b, c, d, (uint8_t)number());
    case 'n': return lean_expr_mk_lit(make(0, 1, natural(), NULL, NULL));
    case 'S': return lean_expr_mk_lit(make(1, 1, string(), NULL, NULL));
    case 'j': a = name(), b = natural(); return lean_expr_mk_proj(a, b, expression());
    default: malformed("no expression of a declaration"); return NULL;
    }
}

static lean_object *constructor(void) {
    lean_object *own = name();
    return make(0, 2, own, expression(), NULL);
}
static lean_object *inductive_type(void) {
    lean_object *own = name(), *type = expression();
    return make(0, 3, own, type, list_of(constructor));
}

enum { AXIOM = 0, DEFINITION = 1, THEOREM = 2, OPAQUE = 3, QUOTIENT = 4 }; /* the constructors of Declaration */
enum { REGULAR = 2 };                                                     /* of ReducibilityHints */
enum { SAFE = 1 };                                                        /* of DefinitionSafety */

static lean_object *read_declaration(const char *kind) {
    if (strcmp(kind, "quot") == 0)
        return lean_box(QUOTIENT);
    if (strcmp(kind, "ind") == 0) {
        lean_object *parameters = list_of(name), *count = natural();
        return lean_mk_inductive_decl(parameters, count, list_of(inductive_type), 0);
    }
    lean_object *own = name(), *parameters = list_of(name), *type = expression();
    lean_inc(own);
    lean_object *all = cons(own, lean_box(0));
    if (strcmp(kind, "def") == 0) {
        lean_object *value = expression(), *hint = lean_box(number());
        uint32_t height = (uint32_t)number();
        if (hint == lean_box(REGULAR)) {
            hint = lean_alloc_ctor(REGULAR, 0, sizeof height);
            lean_ctor_set_uint32(hint, 0, height);
        }
        value = lean_mk_definition_val(own, parameters, type, value, hint, SAFE, all);
        return make(DEFINITION, 1, value, NULL, NULL);
    }
    lean_object *signature = make(0, 3, own, parameters, type);
    if (strcmp(kind, "axiom") == 0) {
        lean_dec(all);
        return make(AXIOM, 1, with_flag(signature, NULL, NULL, 1), NULL, NULL);
    }
    if (strcmp(kind, "thm") == 0)
        return make(THEOREM, 1, make(0, 3, signature, expression(), all), NULL, NULL);
    if (strcmp(kind, "opaque") == 0)
        return make(OPAQUE, 1, with_flag(signature, expression(), all, 3), NULL, NULL);
    malformed("no declaration");
    return NULL;
}

/* --- the kernel --------------------------------------------------------------------------------------------------- */

/* The constructors of Kernel.Exception. */
static const char *const REASONS[] = {
    "it uses an unknown constant", "its name is taken", "its value is of another type", "it holds metavariables",
    "it holds free variables", "a function is expected", "a type is expected", "a let is of another type",
    "an expression is of another type", "an argument is of another type", "a projection is wrong",
    "a theorem is no proposition", "", "it took too long", "it took too much memory", "it is nested too deeply",
    "it was interrupted"};
enum { OTHER = 12, REASON_COUNT = sizeof REASONS / sizeof *REASONS };

static void print_refusal(size_t index, lean_object *exception) {
    unsigned kind = lean_obj_tag(exception);
    printf("refused %zu ", index);
    if (kind == OTHER)
        for (const char *c = lean_string_cstr(lean_ctor_get(exception, 0)); *c != '\0'; c++)
            putchar(*c == '\n' ? ' ' : *c);
    else
        fputs(kind < REASON_COUNT ? REASONS[kind] : "for a reason of its own", stdout);
    putchar('\n');
}

static lean_object *value_of(lean_object *result) {
    if (!lean_io_result_is_ok(result)) {
        lean_io_result_show_error(result);
        exit(3);
    }
    lean_object *value = lean_io_result_get_value(result);
    lean_inc(value);
    return value;
}

int main(int count, char **arguments) {
    FILE *file = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (file == NULL) {
        fputs("usage: kernel FILE\n", stderr);
        return 3;
    }
    lean_initialize();
    value_of(initialize_Lean(1));
    lean_io_mark_end_initialization();
    lean_object *environment = lean_elab_environment_to_kernel_env(value_of(l_Lean_mkEmptyEnvironment(0)));
    char *line = NULL;
    size_t room = 0, accepted = 0, refused = 0;
    for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
        line_number++;
        if (line[size - 1] != '\n')
            malformed("it is cut short");
        line[size - 1] = '\0';
        rest = line;
        char sort = *word();
        char *kind = word();
        switch (sort) {
        case 'N': append(&names, read_name(*kind)); break;
        case 'L': append(&levels, read_level(*kind)); break;
        case 'E': append(&expressions, read_expression(*kind)); break;
        case 'D': {
            lean_object *declaration = read_declaration(kind);
            lean_inc(environment); /* the old one stays when the new one is refused */
            lean_object *result = lean_add_decl(environment, 0, 0, declaration, lean_box(0));
            lean_object *inner = lean_ctor_get(result, 0);
            if (result->m_tag == 1) {
                lean_inc(inner);
                lean_dec(environment);
                environment = inner;
                accepted++;
            } else
                print_refusal(accepted + refused++, inner);
            lean_dec(result);
            lean_dec(declaration);
            break;
        }
        default: malformed("no sort of object");
        }
        if (rest != NULL)
            malformed("it goes on too long");
    }
    printf("done %zu %zu\n", accepted, refused);
    fflush(stdout);
    _Exit(0); /* nothing is left to be saved, and to free it all takes as long as the check */
}
