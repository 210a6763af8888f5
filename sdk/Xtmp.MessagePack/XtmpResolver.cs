using global::MessagePack;
using global::MessagePack.Formatters;
using Xtmp.Protocol;

namespace Xtmp.MessagePack;

/// <summary>Finds the formatter of every generated struct, union and message, and of nothing else.</summary>
public sealed class XtmpResolver : IFormatterResolver
{
    private XtmpResolver()
    {
    }

    /// <summary>The only one; it has no state.</summary>
    public static XtmpResolver Instance { get; } = new();

    /// <inheritdoc/>
    public IMessagePackFormatter<T>? GetFormatter<T>() => Cache<T>.Formatter;

    private static class Cache<T>
    {
        public static readonly IMessagePackFormatter<T>? Formatter = Make();

        private static IMessagePackFormatter<T>? Make() =>
            typeof(T).GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IXtmpStruct<>) && i.GenericTypeArguments[0] == typeof(T))
                ? (IMessagePackFormatter<T>)Activator.CreateInstance(typeof(XtmpFormatter<>).MakeGenericType(typeof(T)))!
                : null;
    }
}
